//! `cargo lambda`: its `invoke` calls this cloud, and its `watch` runs this repository's functions by itself.

use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use lunch_tests::{Cloud, Folder, StartError, wait_until, workspace};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::Value;

use super::{SCRIPTED, client, command, expect_receipt, order, quickly, run, scripted};

const HELLO: &str = r#"{"do": [{"respond": "hello"}]}"#;

/// `cargo lambda invoke` with these arguments: what it printed.
#[track_caller]
fn invoke(cloud: &Cloud, arguments: &[&str]) -> String {
    let mut invoke = command("cargo-lambda", cloud);
    invoke.env_remove("AWS_ENDPOINT_URL").args(["lambda", "invoke"]).args(arguments);
    let (code, out, said) = run(&mut invoke);
    assert_eq!(code, Some(0), "cargo lambda invoke {arguments:?}: {said}\n{out}");
    out.trim().to_owned()
}

#[test]
fn its_invoke_finds_a_cloud_without_being_told_where() {
    // Somebody else on this machine may have the port: then the next test has to do.
    let cloud = match scripted().port(9000).try_start() {
        Ok(cloud) => cloud,
        Err(StartError::Ended(ended)) if ended.status.code() == Some(5) => {
            println!("port 9000 is taken: {}", ended.said);
            return;
        }
        Err(error) => panic!("{error}"),
    };
    assert_eq!(invoke(&cloud, &[SCRIPTED, "--data-ascii", HELLO]), "\"hello\"");
}

#[test]
fn its_invoke_calls_a_cloud_on_another_port() {
    let cloud = scripted().start();
    let port = cloud.port().to_string();
    assert_eq!(invoke(&cloud, &[SCRIPTED, "-P", &port, "--data-ascii", HELLO]), "\"hello\"");
}

#[test]
fn its_invoke_needs_no_name_where_there_is_one_function() {
    let cloud = scripted().start();
    let port = cloud.port().to_string();
    assert_eq!(invoke(&cloud, &["_", "-P", &port, "--data-ascii", HELLO]), "\"hello\"");
}

#[test]
fn its_remote_invoke_calls_a_cloud_by_its_endpoint() {
    let cloud = scripted().start();
    let arguments = ["--remote", "--endpoint-url", &cloud.url(), SCRIPTED, "--data-ascii", HELLO];
    assert_eq!(invoke(&cloud, &arguments), "\"hello\"");
}

/// A process group that is gone with the test.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.0.id().cast_signed());
        // Its leader has not been reaped, so that the number is nobody else's.
        let killed = killpg(group, Signal::SIGKILL);
        let ended = self.0.wait();
        assert!(killed.is_ok() && ended.is_ok(), "{killed:?} {ended:?}");
    }
}

#[test]
fn its_watch_runs_a_function_of_this_repository_by_itself() {
    let free = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let order = order();
    let mut watch = Command::new(client("cargo-lambda"));
    watch.current_dir(workspace()).args(["lambda", "watch", "--ignore-changes"]);
    watch.args(["--invoke-port", &port.to_string()]);
    // What it builds is what the harness has built already.
    drop(lunch_tests::program("coffee"));
    watch.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let _watch = Group(watch.spawn().unwrap());
    wait_until("it listens", || {
        TcpStream::connect((Ipv6Addr::LOCALHOST, port)).map_err(|error| error.to_string())
    });
    let mut invoke = Command::new(client("cargo-lambda"));
    invoke.args(["lambda", "invoke", "coffee", "-P", &port.to_string()]);
    invoke.args(["--data-ascii", &order.to_string()]);
    let (code, out, said) = run(&mut invoke);
    assert_eq!(code, Some(0), "{said}\n{out}");
    let receipt: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("no receipt: {out}"));
    expect_receipt(&receipt, &order);
}

#[test]
fn its_build_at_the_root_makes_the_programs_that_a_cloud_serves() {
    let folder = Folder::make();
    let mut build = Command::new(client("cargo-lambda"));
    quickly(&mut build).current_dir(workspace()).args(["lambda", "build", "--release"]);
    let (code, out, said) = run(build.arg("--lambda-dir").arg(folder.path()));
    assert_eq!(code, Some(0), "{said}\n{out}");
    let mut made: Vec<_> = folder.path().read_dir().unwrap().collect::<Result<_, _>>().unwrap();
    made.sort_by_key(std::fs::DirEntry::file_name);
    let names: Vec<_> = made.iter().map(|entry| entry.file_name()).collect();
    let functions = ["coffee", "scripted", "takeaway", "till"];
    assert_eq!(names, functions, "the functions, and nothing of the emulator");

    let program = folder.path().join("coffee/bootstrap");
    let cloud = Cloud::builder().function("coffee", program).start();
    let order = order();
    let served = cloud.invoke("coffee", order.clone());
    expect_receipt(&served.expect_ok().json(), &order);
}
