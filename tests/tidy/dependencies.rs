//! Who may depend on whom.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use lunch_tests::workspace;
use serde_json::Value;

/// The packages and what they may use of this workspace. `contract <- cloud <- {sim, host} <- {cli, tests}`, and the
/// functions and tasks are ordinary programs.
const ROOMS: [(&str, &[&str]); 17] = [
    ("lunch-contract", &[]),
    ("lunch-cloud", &["lunch-contract"]),
    ("lunch-sim", &["lunch-contract", "lunch-cloud"]),
    ("lunch-host", &["lunch-contract", "lunch-cloud"]),
    ("lunch-cli", &["lunch-contract", "lunch-cloud", "lunch-sim", "lunch-host"]),
    ("lunch-tests", &["lunch-contract", "lunch-cloud", "lunch-sim", "lunch-host", "lunch-cli"]),
    ("lunch-benches", &["lunch-contract", "lunch-cloud"]),
    ("lunch-fuzz", &["lunch-contract", "lunch-cloud", "lunch-sim", "lunch-host", "lunch-tests"]),
    ("menu", &[]),
    ("post", &[]),
    ("coffee", &["menu"]),
    ("takeaway", &["coffee", "menu", "post"]),
    ("till", &["coffee", "menu", "post"]),
    ("scripted", &["menu"]),
    ("salad", &["menu", "shopfront"]),
    ("shopfront", &["menu", "post"]),
    ("burger", &["menu", "shopfront"]),
];

/// All that the pure rooms are made of. No clock, no socket, no file can come in by a dependency that is not here.
const PURE: [&str; 10] = [
    "lunch-contract",
    "lunch-cloud",
    "libm",
    "proc-macro2",
    "quote",
    "serde",
    "serde_core",
    "serde_derive",
    "smallvec",
    "syn",
];
/// Comes with the procedural macros, at build time only.
const PURE_AT_BUILD: &str = "unicode-ident";

/// Dependencies of more than one room, and why it takes more than one.
const SHARED: [(&str, &[&str], &str); 17] = [
    ("aws-sdk-sqs", &["post", "shopfront"], "functions send; tasks receive, too"),
    (
        "aws-smithy-http-client",
        &["lunch-tests", "post"],
        "with TLS for AWS there, without any for a local door here",
    ),
    ("base64", &["lunch-host", "till"], "logs' tails and attributes; bodies by URL"),
    (
        "fastrand",
        &["lunch-cli", "lunch-fuzz", "lunch-tests", "salad"],
        "seeded samples: crowds here, loads there, kills",
    ),
    (
        "http-body-util",
        &["lunch-cli", "lunch-fuzz", "lunch-host", "lunch-tests", "shopfront"],
        "goes with hyper",
    ),
    (
        "hyper",
        &["lunch-cli", "lunch-fuzz", "lunch-host", "lunch-tests", "shopfront"],
        "doors, and three that call one",
    ),
    (
        "hyper-util",
        &["lunch-cli", "lunch-fuzz", "lunch-host", "lunch-tests", "shopfront"],
        "goes with hyper",
    ),
    ("insta", &["lunch-cli", "lunch-cloud", "lunch-host", "lunch-sim", "lunch-tests"], "snapshots"),
    ("lambda_runtime", &["coffee", "lunch-benches", "scripted", "takeaway", "till"], "functions"),
    (
        "nix",
        &["burger", "lunch-benches", "lunch-host", "lunch-tests", "salad", "scripted", "shopfront"],
        "the sandbox; the salad shop's staff; signals to and from tests; cores for benches, one worker and stints",
    ),
    (
        "proptest",
        &[
            "burger",
            "lunch-cloud",
            "lunch-contract",
            "lunch-host",
            "lunch-sim",
            "salad",
            "shopfront",
        ],
        "parsers; the shops' laws",
    ),
    (
        "serde",
        &[
            "burger",
            "coffee",
            "lunch-cli",
            "lunch-cloud",
            "lunch-contract",
            "lunch-fuzz",
            "lunch-host",
            "lunch-sim",
            "lunch-tests",
            "menu",
            "salad",
            "scripted",
            "shopfront",
            "takeaway",
            "till",
        ],
        "plain data everywhere",
    ),
    (
        "serde_json",
        &[
            "burger",
            "coffee",
            "lunch-benches",
            "lunch-cli",
            "lunch-fuzz",
            "lunch-host",
            "lunch-sim",
            "lunch-tests",
            "menu",
            "salad",
            "scripted",
            "shopfront",
            "takeaway",
            "till",
        ],
        "events, journals, routes",
    ),
    (
        "thiserror",
        &[
            "burger",
            "lunch-benches",
            "lunch-cli",
            "lunch-host",
            "lunch-sim",
            "lunch-tests",
            "post",
            "salad",
            "shopfront",
            "till",
        ],
        "an enum of errors per operation",
    ),
    (
        "tokio",
        &[
            "burger",
            "coffee",
            "lunch-benches",
            "lunch-cli",
            "lunch-fuzz",
            "lunch-host",
            "lunch-tests",
            "salad",
            "scripted",
            "shopfront",
            "takeaway",
            "till",
        ],
        "sockets and timers",
    ),
    (
        "tracing",
        &["burger", "coffee", "lunch-cli", "lunch-host", "salad", "shopfront", "takeaway", "till"],
        "logs",
    ),
    ("tracing-subscriber", &["coffee", "lunch-cli", "lunch-host", "shopfront"], "logs"),
];

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).current_dir(workspace()).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo {arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The packages of this workspace, each with its dependencies: name, and whether it is one of ours.
fn packages() -> BTreeMap<String, Vec<(String, bool)>> {
    let text = cargo(&["metadata", "--format-version", "1", "--no-deps", "--offline"]);
    let metadata: Value = serde_json::from_str(&text).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let uses = |package: &Value| {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.map(|used| (text(&used["name"]), used["path"].is_string())).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (text(&package["name"]), uses(package))).collect()
}

#[test]
fn dependencies_between_rooms_point_one_way() {
    let rooms: BTreeMap<_, _> = ROOMS.into_iter().collect();
    for (package, used) in packages() {
        let may = rooms.get(package.as_str());
        let may = may.unwrap_or_else(|| panic!("`{package}` is new: give it a place in `ROOMS`"));
        for (name, is_ours) in used {
            let is_fine = !is_ours || may.contains(&name.as_str());
            assert!(is_fine, "`{package}` must not depend on `{name}`");
        }
    }
}

#[test]
fn the_pure_rooms_are_made_of_nothing_that_could_read_a_clock() {
    for package in ["lunch-contract", "lunch-cloud"] {
        let tree = cargo(&[
            "tree",
            "--package",
            package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--offline",
        ]);
        let names: BTreeSet<_> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(names.contains(package), "{tree}");
        for name in names {
            let is_known = PURE.contains(&name) || name == PURE_AT_BUILD;
            assert!(is_known, "`{name}` came into the tree of `{package}`: is it as pure as that?");
        }
    }
}

#[test]
fn a_dependency_serves_one_room_unless_a_reason_is_written_down() {
    let mut rooms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (package, used) in packages() {
        for (name, _) in used.into_iter().filter(|(_, is_ours)| !is_ours) {
            rooms.entry(name).or_default().insert(package.clone());
        }
    }
    for (dependency, rooms) in rooms.iter().filter(|(_, rooms)| rooms.len() > 1) {
        let shared = SHARED.iter().find(|(name, _, _)| name == dependency);
        let (_, may, _) = shared.unwrap_or_else(|| {
            panic!("`{dependency}` is used by {rooms:?}: give the reason in `SHARED`, or keep it in one room")
        });
        let stranger = rooms.iter().find(|room| !may.contains(&room.as_str()));
        assert!(stranger.is_none(), "`{dependency}` came into {stranger:?}; `SHARED` says {may:?}");
    }
}

/// Versions that were chosen for code that is still being written.
const NOT_USED_YET: [&str; 1] = ["proptest"];

#[test]
fn every_version_in_the_workspace_is_somebodys() {
    let manifest = std::fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let table = manifest.split("[workspace.dependencies]").nth(1).unwrap();
    let table = table.split("\n[").next().unwrap();
    let named = table.lines().filter_map(|line| Some(line.split_once(" = ")?.0.trim()));
    let used: BTreeSet<_> = packages().into_values().flatten().map(|(name, _)| name).collect();
    let is_used = |name: &str| used.contains(name) || NOT_USED_YET.contains(&name);
    let unused: Vec<_> = named.filter(|name| !is_used(name)).collect();
    assert!(unused.is_empty(), "nobody uses {unused:?}");
}
