//! `samconfig.toml`, and a template beside it: `lunch check` shows what they come to, or refuses them by a sentence.

use std::fs;
use std::process::Command;

use super::Door;
use super::template::scratch;
use crate::case::Case;
use crate::corpus::corpus;

pub(super) const DOOR: Door = Door {
    name: "samconfig",
    corpus: || corpus("samconfig"),
    words: &[
        "[default.lunch.parameters]\n",
        "[default.global.parameters]\n",
        "region",
        "parameter_overrides",
        "limits",
        "seed",
        "cold_start",
        "env_file",
        "settings",
        "template",
        "no_build",
        "help",
        "version",
        "=",
        "= true\n",
        "= []\n",
        "= {}\n",
        "\"\"\"",
        "'''",
        "\"relaxed\"",
        "\"A=1 B='\"",
        "-",
        "--",
        "1979-05-27T07:32:00Z",
        "nan",
        "inf",
        "\\u0000",
        "[[",
    ],
    play,
};

const TEMPLATE: &str = r#"Transform: AWS::Serverless-2016-10-31
Parameters: {Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}}
Resources:
  Tea:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: !Sub "tea-${Stage}"
      Runtime: provided.al2023
      CodeUri: tea
      Timeout: 900
      MemorySize: 10240
      EphemeralStorage: {Size: 512}
      ReservedConcurrentExecutions: 2
      LoggingConfig: {LogFormat: JSON, LogGroup: !Ref Group}
      Environment: {Variables: {A: "1", Url: !GetAtt Queue.Arn}}
  Queue: {Type: AWS::SQS::Queue}
  Group: {Type: AWS::Logs::LogGroup}
"#;

fn play(case: &Case) -> Result<(), String> {
    let (text, mut shown) = (case.text(), TEMPLATE.as_bytes().to_vec());
    if case.below(2) == 0 {
        shown = case.changed(shown);
    }
    case.gives(&shown);
    case.gives(&text);
    let (config, template) = (scratch("samconfig.toml"), scratch("template.yaml"));
    for (path, text) in [(&config, &text), (&template, &shown)] {
        fs::write(path, text)
            .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    let mut check = Command::new(lunch_tests::lunch());
    check.arg("check").arg("--template").arg(&template);
    let ended = check.output().map_err(|error| format!("cannot run {check:?}: {error}"))?;
    let said = String::from_utf8_lossy(&ended.stderr);
    match ended.status.code() {
        Some(0) => Ok(()),
        Some(1..=5) if said.starts_with("error: ") => Ok(()),
        _ => Err(format!("`lunch check` ended with {} and said: {said}", ended.status)),
    }
}
