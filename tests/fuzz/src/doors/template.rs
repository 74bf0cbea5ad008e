//! Templates: whatever the text, it is a template or a sentence with a place.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use lunch_host::template::{Options, read};
use lunch_tests::workspace;

use super::Door;
use crate::case::Case;
use crate::corpus::{corpus, in_folder};

pub(super) const DOOR: Door = Door {
    name: "template",
    corpus: || {
        let mut all = corpus("template");
        all.extend(in_folder(&workspace().join("local-emulator/host/tests/templates")));
        all
    },
    words: &[
        "!Ref ",
        "!Sub ",
        "!GetAtt ",
        "!If ",
        "!Join ",
        "!Select ",
        "!Split ",
        "Fn::FindInMap",
        "Fn::ForEach::X",
        "Fn::ToJsonString",
        "Fn::Transform",
        "Fn::ImportValue",
        "AWS::NoValue",
        "AWS::Serverless::Function",
        "AWS::ECS::TaskDefinition",
        "AWS::ECS::Service",
        "ContainerDefinitions:",
        "DependsOn:",
        "Resources:",
        "Globals:",
        "Conditions:",
        "Properties:",
        "CodeUri:",
        "Timeout:",
        "MemorySize:",
        "Environment:",
        "<<: ",
        "&a ",
        "*a",
        "{{resolve:ssm:/a}}",
        "${AWS::Region}",
        "${!",
        "|\n",
        ">-\n",
        "? ",
        "- ",
        "\t",
        "\r\n",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "!!binary ",
        "\u{feff}",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "null",
        "~",
        "yes",
        "0o17",
        ".inf",
    ],
    play,
};

/// An error longer than that has swallowed the text that it is about.
const SENTENCE_BYTES_MAX: usize = 4_096;

fn play(case: &Case) -> Result<(), String> {
    let text = case.text();
    case.gives(&text);
    let path = scratch("template.yaml");
    fs::write(&path, &text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let options = Options {
        path: path.clone(),
        parameter_overrides: Vec::new(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        stack_name: None,
    };
    let Err(error) = read(&options) else { return Ok(()) };
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        sentence = format!("{sentence}: {why}");
        cause = why.source();
    }
    let name = path.display().to_string();
    if !sentence.contains(&name) {
        return Err(format!("an error without its place: {sentence}"));
    }
    if sentence.len() > SENTENCE_BYTES_MAX {
        return Err(format!("an error of {} bytes: {sentence:.200}", sentence.len()));
    }
    Ok(())
}

/// A file of this process's own.
pub(super) fn scratch(name: &str) -> PathBuf {
    let folder = workspace().join(format!("target/fuzz/run-{}", std::process::id()));
    // What fails here fails at the file with a better word.
    drop(fs::create_dir_all(&folder));
    folder.join(name)
}
