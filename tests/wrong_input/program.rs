//! What the program `lunch` refuses, with its exit code and its sentence.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lunch_tests::{Cloud, Folder, program};
use serde_json::{Value, json};

use super::{SCRIPTED, lunch_command, refused, run, scripted};

/// Exit codes.
const BAD: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);
const INPUT: Option<i32> = Some(3);
const BUILD: Option<i32> = Some(4);
const DOOR: Option<i32> = Some(5);

/// A template of one function with these properties and this metadata.
fn template(properties: &Value, metadata: &Value) -> String {
    let template = json!({
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {"CoffeeFunction": {
            "Type": "AWS::Serverless::Function",
            "Metadata": metadata,
            "Properties": properties,
        }},
    });
    format!("{template:#}\n")
}

fn properties(code: &str) -> Value {
    json!({"Runtime": "provided.al2023", "Handler": "bootstrap", "CodeUri": code})
}

/// Starts that template, and gives how it was refused.
#[track_caller]
fn refused_template(folder: &Folder, text: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let path = folder.write("template.yaml", text);
    let builder = Cloud::builder().template(path);
    refused(
        arguments.iter().fold(builder, |builder, argument| builder.argument(argument)),
        folder.path(),
    )
}

#[test]
fn no_template() {
    let folder = Folder::make();
    let (code, said) =
        refused(Cloud::builder().template(folder.path().join("no.yaml")), folder.path());
    assert_eq!(code, INPUT, "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn yaml_that_is_broken_is_refused_with_its_place() {
    let folder = Folder::make();
    let text = "Resources:\n  Coffee:\n    Type: [AWS::Serverless::Function\n    Properties: {}\n";
    let (code, said) = refused_template(&folder, text, &[]);
    assert_eq!(code, INPUT, "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn an_intrinsic_that_is_not_understood_is_named_with_its_place() {
    let folder = Folder::make();
    let mut properties = properties("code");
    properties["Timeout"] = json!({"Fn::Divine": "soon"});
    folder.place("code/bootstrap", &program("scripted"));
    let (code, said) =
        refused_template(&folder, &template(&properties, &json!({})), &["--no-build"]);
    assert_eq!(code, INPUT, "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_parameter_that_there_is_not_is_refused_with_those_that_there_are() {
    let folder = Folder::make();
    let text = template(&properties("code"), &json!({}));
    let text = text.replacen('{', r#"{"Parameters": {"Stage": {"Type": "String"}},"#, 1);
    let (code, said) = refused_template(&folder, &text, &["--parameter-overrides", "Stge=prod"]);
    assert_eq!(code, INPUT, "{said}");
    assert!(said.contains("there is no parameter `Stge`"), "{said}");
    assert!(said.contains("(there is `Stage`)"), "{said}");
}

#[test]
fn a_parameter_without_a_value_is_told_with_its_place_and_the_flag() {
    let folder = Folder::make();
    let mut properties = properties("code");
    properties["Timeout"] = json!({"Ref": "Wait"});
    let text = template(&properties, &json!({}));
    let text = text.replacen('{', r#"{"Parameters": {"Wait": {"Type": "Number"}},"#, 1);
    let (code, said) = refused_template(&folder, &text, &[]);
    assert_eq!(code, INPUT, "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn resources_that_name_each_other_are_told_with_their_place() {
    let folder = Folder::make();
    let mut properties = properties("code");
    properties["FunctionName"] = json!({"Fn::Sub": "${CoffeeFunction}-1"});
    let (code, said) = refused_template(&folder, &template(&properties, &json!({})), &[]);
    assert_eq!(code, INPUT, "{said}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_program_for_another_machine_is_told_before_it_is_called() {
    let folder = Folder::make();
    let mut head = b"\x7fELF\x02\x01\x01".to_vec();
    head.resize(18, 0);
    // MIPS, on which nobody runs these tests.
    head.extend([8, 0]);
    let bootstrap = folder.path().join("code/bootstrap");
    folder.write("code/readme.txt", "");
    std::fs::write(&bootstrap, head).unwrap();
    std::fs::set_permissions(bootstrap, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (code, said) = refused_template(&folder, &template(&properties("code"), &json!({})), &[]);
    assert_eq!(code, BUILD, "{said}");
    assert!(
        said.contains("`[folder]/code/bootstrap` is for `mips`, and this machine is `"),
        "{said}"
    );
}

/// A zip of one empty file.
fn zip(name: &str) -> Vec<u8> {
    let length = [u8::try_from(name.len()).unwrap(), 0];
    let same = [&[20, 0][..], &[0; 8], &[0; 12], &length, &[0; 2]].concat();
    let local = [b"PK\x03\x04", same.as_slice(), name.as_bytes()].concat();
    let central = [b"PK\x01\x02\x14\x03", same.as_slice(), &[0; 14], name.as_bytes()].concat();
    let count = [&[0; 4][..], &[1, 0, 1, 0]].concat();
    let size = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    let places = [size(central.len()), size(local.len())].concat();
    [&local[..], &central, b"PK\x05\x06", &count, &places, &[0; 2]].concat()
}

#[test]
fn a_zip_that_leads_out_of_its_folder_is_refused_and_nothing_is_written() {
    let folder = Folder::make();
    std::fs::write(folder.path().join("code.zip"), zip("../../../spilt")).unwrap();
    let text = template(&properties("code.zip"), &json!({}));
    let (code, said) = refused_template(&folder, &text, &[]);
    assert_eq!(code, BUILD, "{said}");
    insta::assert_snapshot!(said);
    assert!(!folder.path().join("spilt").exists());
    let left = std::fs::read_dir(folder.path().join(".lunch/build")).unwrap().count();
    assert_eq!(left, 0, "nothing is left half unpacked");
}

#[test]
fn a_default_that_is_no_flag_is_told_with_its_line() {
    let folder = Folder::make();
    folder.write("samconfig.toml", "[default.lunch.parameters]\nregion = \"x\"\nprot = 9000\n");
    let (code, said) = refused_template(&folder, &template(&properties("code"), &json!({})), &[]);
    assert_eq!(code, INPUT, "{said}");
    assert!(said.contains("`[folder]/samconfig.toml`, line 3: `prot` is no flag"), "{said}");
}

#[test]
fn a_program_that_is_missing() {
    let folder = Folder::make();
    folder.write("code/readme.txt", "nothing to run here");
    let text = template(&properties("code"), &json!({}));
    let (code, said) = refused_template(&folder, &text, &["--no-build"]);
    assert!(code == INPUT || code == BUILD, "{code:?} {said}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_program_that_may_not_be_executed() {
    let folder = Folder::make();
    let bootstrap = folder.write("code/bootstrap", "#!/bin/sh\nexit 0\n");
    std::fs::set_permissions(bootstrap, std::fs::Permissions::from_mode(0o644)).unwrap();
    let text = template(&properties("code"), &json!({}));
    let (code, said) = refused_template(&folder, &text, &["--no-build"]);
    assert!(code == INPUT || code == BUILD, "{code:?} {said}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_crate_that_is_missing() {
    let folder = Folder::make();
    let metadata = json!({"BuildMethod": "rust-cargolambda"});
    let (code, said) = refused_template(&folder, &template(&properties("code"), &metadata), &[]);
    assert!(code == INPUT || code == BUILD, "{code:?} {said}");
    insta::assert_snapshot!(said);
}

#[test]
fn a_build_that_fails_shows_the_compilers_own_message() {
    let folder = Folder::make();
    folder.write(
        "code/Cargo.toml",
        "[package]\nname = \"spilt\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[workspace]\n",
    );
    folder.write("code/src/main.rs", "fn main() {\n    spill();\n}\n");
    let metadata = json!({"BuildMethod": "rust-cargolambda"});
    let (code, said) = refused_template(&folder, &template(&properties("code"), &metadata), &[]);
    assert_eq!(code, BUILD, "{said}");
    assert!(said.contains("cannot find function `spill` in this scope"), "{said}");
    assert!(said.contains("src/main.rs:2:5"), "{said}");
}

#[test]
fn a_port_that_is_taken() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let (code, said) = refused(scripted().port(port), Path::new("/no/folder"));
    assert_eq!(code, DOOR, "{said}");
    assert!(said.contains(&format!("port `{port}` of `127.0.0.1` is taken")), "{said}");
    assert!(said.contains("(stop whoever listens there, or choose another by `--port`)"), "{said}");
}

#[test]
fn a_cloud_of_containers_without_an_engine() {
    let folder = Folder::make();
    let template = folder.write("template.yaml", "Resources: {Q: {Type: AWS::SQS::Queue}}");
    let engine = format!("unix://{}", folder.path().join("engine.sock").display());
    let cloud = Cloud::builder().template(template).shell("DOCKER_HOST", &engine);
    let (code, said) = refused(cloud.argument("--tasks").argument("container"), folder.path());
    assert_eq!(code, INPUT, "{said}");
    insta::assert_snapshot!(said, @r"
    error: `--tasks container` needs the container engine that `DOCKER_HOST` names
      because the container engine at `unix://[folder]/engine.sock` cannot be reached: No such file or directory (os error 2)
    (start it, or run tasks as processes, without `--tasks container`)
    ");
}

#[test]
fn variables_that_are_none_are_refused_with_their_line() {
    let folder = Folder::make();
    let path = folder.write("variables.env", "STREET=Lime Street\n\nthis is no variable\n");
    let (code, said) = refused(scripted().argument("--env-file").argument(path), folder.path());
    assert_eq!(code, INPUT, "{said}");
    assert!(said.contains("line 3 of `[folder]/variables.env` is no variable"), "{said}");
}

#[test]
fn a_setting_that_there_is_not_is_refused_by_name() {
    let folder = Folder::make();
    let path = folder.write("settings.json", r#"{"chioce": "oldest"}"#);
    let (code, said) = refused(scripted().argument("--settings").argument(path), folder.path());
    assert_eq!(code, INPUT, "{said}");
    assert!(said.contains("`chioce` in `[folder]/settings.json` is no setting"), "{said}");
}

#[test]
fn a_reserved_concurrency_that_leaves_too_little() {
    let (code, said) = refused(scripted().reserved(950), Path::new("/no/folder"));
    assert!(code == INPUT || code == DOOR, "{code:?} {said}");
    assert!(said.contains("`scripted` reserves `950`"), "{said}");
}

#[test]
fn an_argument_that_there_is_not() {
    let (code, said) =
        refused(scripted().argument("--choose").argument("mru"), Path::new("/no/folder"));
    assert_eq!(code, USAGE, "{said}");
    assert!(said.contains("--choose"), "{said}");
}

#[test]
fn a_line_that_is_no_order_is_named_and_the_rest_is_served() {
    let folder = Folder::make();
    folder.place("code/bootstrap", &program("scripted"));
    let mut properties = properties("code");
    properties["FunctionName"] = json!(SCRIPTED);
    folder.write("template.yaml", template(&properties, &json!({})));
    let order = json!({"at": 0, "function": SCRIPTED, "payload": {}});
    let orders = format!("{order}\n{{\"at\": 1, \"function\": }}\n{order}\n");
    let orders = folder.write("orders.jsonl", orders);
    let mut rush = lunch_command("rush");
    rush.arg("--template").arg(folder.path().join("template.yaml")).arg("--no-build");
    rush.arg("--orders").arg(orders).args(["--cold-start", "none"]);
    let (code, drawn, said) = run(&mut rush, folder.path());
    assert_eq!(code, BAD, "{said}\n{drawn}");
    assert!(said.contains("line `2` is no order"), "{said}");
    assert!(drawn.contains("i-0000"), "the rest is served: {drawn}");
}

#[test]
fn where_no_cloud_runs_the_other_commands_say_how_to_start_one() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    for arguments in [["ps", "--port"], ["timeline", "--port"]] {
        let mut command = lunch_command(arguments[0]);
        let (code, _, said) = run(command.args([arguments[1], &port]), Path::new("/no/folder"));
        assert_eq!(code, DOOR, "{said}");
        assert!(said.contains("(start one by `lunch up`"), "{said}");
    }
}

#[test]
fn a_name_that_nobody_has_is_wrong_input_and_told_with_those_that_there_are() {
    let cloud = scripted().start();
    let port = cloud.port().to_string();
    for command in ["logs", "evict"] {
        let mut lunch = lunch_command(command);
        let (code, _, said) = run(lunch.args(["nope", "--port", &port]), Path::new("/no/folder"));
        assert_eq!(code, INPUT, "{command}: {said}");
        assert!(said.contains("`nope`") && said.contains("`scripted`"), "{said}");
    }
}
