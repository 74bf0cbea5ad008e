use std::fs;

use super::*;
use crate::template::{self, Options};

#[test]
fn a_crate_is_built_and_staged_and_taken_again_without_building() {
    let root = std::env::temp_dir().join(format!("lunch-build-{}", std::process::id()));
    fs::create_dir_all(root.join("tea/src")).unwrap();
    let manifest = "[package]\nname = \"tea\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(root.join("tea/Cargo.toml"), manifest).unwrap();
    fs::write(root.join("tea/src/main.rs"), "fn main() {}").unwrap();
    let text = "Resources: {Tea: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, CodeUri: tea}}}";
    fs::write(root.join("template.yaml"), text).unwrap();
    let template = template::read(&Options {
        path: root.join("template.yaml"),
        parameter_overrides: Vec::new(),
        region: "eu-central-2".to_owned(),
        account: "123456789012".to_owned(),
        stack_name: None,
    })
    .unwrap();
    let mut no_build = BuildOptions { no_build: true, offline: true };
    let early = build(&template, &no_build, &mut |_| ());
    assert!(matches!(early, Err(BuildError::NotStaged { .. })), "{early:?}");
    no_build.no_build = false;
    let served = build(&template, &no_build, &mut |_| ()).unwrap();
    assert_eq!(served[0].program, root.join(".lunch/build/Tea/bootstrap"));
    assert_eq!(served[0].binary.as_deref(), Some("tea"));
    assert!(std::process::Command::new(&served[0].program).status().unwrap().success());
    assert_eq!(build(&template, &no_build, &mut |_| ()).unwrap(), served);
    fs::write(root.join("tea/src/main.rs"), "fn main() { tea }").unwrap();
    let broken = build(&template, &no_build, &mut |_| ()).unwrap_err().to_string();
    assert!(broken.contains("cannot find value `tea`"), "{broken}");
    fs::remove_dir_all(root).unwrap();
}
