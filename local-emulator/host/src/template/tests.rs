use super::*;

pub(super) fn options() -> Options {
    Options {
        path: "/somewhere/template.yaml".into(),
        parameter_overrides: Vec::new(),
        region: "eu-central-2".to_owned(),
        account: "123456789012".to_owned(),
        stack_name: None,
    }
}

pub(super) fn of(properties: &str, rest: &str) -> Result<Template, TemplateError> {
    let text = format!(
        "Globals: {{Function: {{Runtime: provided.al2023, Environment: {{Variables: {{ALL: '1'}}}}}}}}\nResources:\n  Tea:\n    Type: AWS::Serverless::Function\n    Properties: {{CodeUri: tea, {properties}}}\n{rest}\n"
    );
    parse(text.as_bytes(), &options())
}

#[test]
fn the_repositorys_own_template_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let template = read(&Options { path, ..options() }).unwrap();
    let coffee = &template.functions[0];
    assert_eq!((coffee.timeout.as_secs(), coffee.reserved), (2, Some(12)));
    assert_eq!(coffee.binary.as_deref(), Some("coffee"));
    assert!(template.orders.unwrap().ends_with("orders/lunchtime.jsonl"));
}

#[test]
fn globals_merge_and_intrinsics_resolve() {
    let template = of(
        "Environment: {Variables: {ARN: !GetAtt Soup.Arn, SUB: !Sub '${AWS::Region}-${!x}', YES: yes, Q: !ImportValue q}}",
        "  Soup: {Type: AWS::Serverless::Function, Properties: {CodeUri: soup}}",
    )
    .unwrap();
    let variables = &template.functions[0].variables;
    assert_eq!(variables["ALL"], "1");
    assert_eq!(variables["ARN"], "arn:aws:lambda:eu-central-2:123456789012:function:Soup");
    assert_eq!(variables["SUB"], "eu-central-2-${x}");
    assert_eq!(variables["YES"], "yes");
    assert_eq!(
        template.not_served,
        [
            "line 5: variable `Q` of `Tea` is left out: `Fn::ImportValue` is only known to AWS (`--env-vars` can give it)"
        ]
    );
}

#[test]
fn an_unknown_intrinsic_is_an_error_only_where_it_is_needed() {
    let error = of("Timeout: !Guess 3", "").unwrap_err().to_string();
    assert!(error.starts_with("line 5, column"), "{error}");
    assert!(error.contains("`Fn::Guess` is an intrinsic not understood"), "{error}");
    of("Tags: !Guess 3", "").unwrap();
}

#[test]
fn a_function_whose_name_is_its_own_is_a_cycle() {
    let error = of("FunctionName: !Sub '${Tea}-1'", "");
    let named = of("Environment: {Variables: {NAME: !Ref Tea}}, FunctionName: !Ref Tea", "");
    assert!(matches!(error, Err(TemplateError::Circle { .. })), "{error:?}");
    assert!(matches!(named, Err(TemplateError::Circle { .. })), "{named:?}");
}

#[test]
fn a_false_condition_drops_the_function() {
    let rest = "    Condition: Never\nConditions: {Never: !Equals [a, b]}";
    assert_eq!(of("", rest).unwrap().functions, []);
}

#[test]
fn a_parameter_without_a_value_is_an_error_only_where_it_is_needed() {
    let parameters = "Parameters: {A: {Type: String}, B: {Type: String}}";
    of("Tags: {A: !Ref A}", parameters).unwrap();
    let expected = "is not known here: parameter `A` has neither a value nor a default\n(give it with `--parameter-overrides A=VALUE`)";
    assert_eq!(
        sentence("Timeout: !Ref A", parameters),
        format!("line 5, column 41: `Timeout` of `Tea` {expected}")
    );
    assert_eq!(
        sentence("Environment: {Variables: {X: !Sub '${A}'}}", parameters),
        format!("line 5, column 61: `Environment.Variables.X` of `Tea` {expected}")
    );
}

#[test]
fn a_condition_on_a_parameter_without_a_value_asks_for_it_where_it_decides() {
    let rest = "Parameters: {A: {Type: String}}\nConditions: {Busy: !Equals [!Ref A, b]}";
    let expected = "is not known here: whether `Busy` holds is not known: parameter `A` has neither a value nor a default\n(give it with `--parameter-overrides A=VALUE`)";
    for property in ["Timeout: !If [Busy, 1, 2]", "Environment: {Variables: {X: !If [Busy, 1, 2]}}"]
    {
        let error = sentence(property, rest);
        assert!(error.ends_with(expected), "{error}");
    }
    let template = of("", &format!("    Condition: Busy\n{rest}")).unwrap();
    assert_eq!(
        template.warnings,
        [
            "line 4: whether `Busy` holds is not known: parameter `A` has neither a value nor a default; `Tea` is taken to be there\n(give it with `--parameter-overrides A=VALUE`)"
        ]
    );
}

#[test]
fn what_stands_in_awss_stores_is_an_error_only_where_it_is_needed() {
    let reference = "'{{resolve:ssm:/street/wait:1}}'";
    let template = of(&format!("Environment: {{Variables: {{X: !Sub {reference}}}}}"), "").unwrap();
    assert_eq!(
        template.not_served,
        [
            "line 5: variable `X` of `Tea` is left out: `{{resolve:ssm:/street/wait:1}}` stands in AWS's own stores (`--env-vars` can give it)"
        ]
    );
    let error = sentence(&format!("Timeout: {reference}"), "");
    assert!(error.contains("stands in AWS's own stores\n(write the value itself"), "{error}");
    let stored = "Parameters: {A: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /a}}";
    of("Environment: {Variables: {X: !Ref A}}", stored).unwrap();
    let error = sentence("Timeout: !Ref A", stored);
    assert!(error.ends_with("\n(give it with `--parameter-overrides A=VALUE`)"), "{error}");
}

#[test]
fn an_error_with_a_place_names_the_file_too() {
    let path = std::env::temp_dir().join(format!("lunch-place-{}.yaml", std::process::id()));
    std::fs::write(&path, "Resources:\n  a-b: {}\n").unwrap();
    let error = read(&Options { path: path.clone(), ..options() }).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    let place = format!("`{}`, line 2, column 8: `a-b` is no logical id", path.display());
    assert!(error.starts_with(&place), "{error}");
}

#[test]
fn names_that_refer_to_each_other_are_a_cycle() {
    let rest = "  One: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt Two.QueueName}}\n  Two: {Type: AWS::SQS::Queue, Properties: {QueueName: !GetAtt One.QueueName}}";
    let error = sentence("Environment: {Variables: {X: !Ref One}}", rest);
    assert!(error.contains("`One` -> `Two` -> `One` is a circular dependency"), "{error}");
    let conditions = "Conditions: {A: !Not [!Condition B], B: !Not [!Condition A]}";
    let error = sentence("Timeout: !If [A, 1, 2]", conditions);
    assert!(error.contains("refers to itself"), "{error}");
}

#[test]
fn a_reserved_variable_and_a_wrong_timeout_are_refused() {
    of("Environment: {Variables: {AWS_REGION: x}}", "").unwrap_err();
    of("Timeout: 901", "").unwrap_err();
    of("Timeout: 900", "").unwrap();
}

#[test]
fn what_is_not_said_is_as_aws_has_it_and_what_is_has_bounds() {
    let plain = of("Runtime: provided.al2023", "").unwrap();
    let plain = &plain.functions[0];
    assert_eq!(plain.timeout.as_secs(), 3);
    assert_eq!((plain.memory_mb, plain.ephemeral_storage_mb), (128, 512));
    for wrong in ["Timeout: 0", "MemorySize: 127", "MemorySize: 128.5"] {
        of(wrong, "").unwrap_err();
    }
}

#[test]
fn levels_go_with_json_only_and_are_info_where_nothing_is_said() {
    use crate::logs::{Level, LogFormat};
    let logging = |config: &str| of(&format!("LoggingConfig: {{{config}}}"), "");
    let json = logging("LogFormat: JSON").unwrap().functions[0].logging;
    assert_eq!(json.format, LogFormat::Json);
    assert_eq!((json.system_level, json.application_level), (Level::Info, Level::Info));
    logging("LogFormat: JSON, ApplicationLogLevel: FATAL").unwrap();
    for wrong in [
        "ApplicationLogLevel: INFO",
        "LogFormat: Text, SystemLogLevel: INFO",
        "LogFormat: JSON, SystemLogLevel: TRACE",
        "LogFormat: XML",
    ] {
        logging(wrong).unwrap_err();
    }
}

#[test]
fn a_block_scalar_at_the_end_needs_no_newline() {
    parse(b"Resources: {}\nDescription: |\n  x", &options()).unwrap();
}

pub(super) fn sentence(properties: &str, rest: &str) -> String {
    of(properties, rest).unwrap_err().to_string()
}

#[test]
fn all_variables_together_may_be_4_kb_long() {
    let variables = |bytes: usize| {
        format!("Environment: {{Variables: {{ALL: {}}}}}", "x".repeat(bytes - "ALL".len()))
    };
    assert_eq!(of(&variables(4096), "").unwrap().functions[0].variables["ALL"].len(), 4093);
    assert_eq!(
        sentence(&variables(4097), ""),
        "line 5, column 57: `Environment.Variables` of `Tea` is 4097 bytes long; it must be at most 4096 bytes"
    );
}

#[test]
fn a_value_for_a_parameter_that_there_is_not_is_refused() {
    let overridden = |text: &str| {
        let parameter_overrides = vec![("Stge".to_owned(), "beta".to_owned())];
        parse(text.as_bytes(), &Options { parameter_overrides, ..options() })
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        overridden("Parameters: {Stage: {Default: a}, Wait: {Default: 3}}\nResources: {}"),
        "there is no parameter `Stge` to give a value to\n(there is `Stage`, `Wait`)"
    );
    assert_eq!(
        overridden("Resources: {}"),
        "there is no parameter `Stge` to give a value to\n(the template has no parameters)"
    );
}

#[test]
fn a_parameter_may_only_be_what_is_allowed() {
    assert_eq!(
        sentence(
            "",
            "Parameters: {Stage: {Type: String, Default: test, AllowedValues: [beta, prod]}}"
        ),
        "line 6, column 21: parameter `Stage` cannot be `test`\n(it may be `beta`, `prod`)"
    );
    let number = |kind: &str, value: &str| {
        let parameter = format!("Parameters: {{Wait: {{Type: {kind}, Default: '{value}'}}}}");
        of("", &parameter).map_err(|error| error.to_string())
    };
    assert_eq!(
        number("Number", "long").unwrap_err(),
        "line 6, column 20: parameter `Wait` cannot be `long`\n(it may be any number, as its `Type` says)"
    );
    number("Number", "1.5").unwrap();
    number("List<Number>", "1, 2").unwrap();
    number("List<Number>", "1,x").unwrap_err();
    let list = |default: &str| {
        of(
            "",
            &format!(
                "Parameters: {{Shops: {{Type: CommaDelimitedList, Default: '{default}', AllowedValues: [tea, soup]}}}}"
            ),
        )
    };
    list("soup, tea").unwrap();
    assert!(matches!(list("soup,bread"), Err(TemplateError::NotAllowed { .. })));
}

#[test]
fn a_condition_that_there_is_not_is_refused_wherever_it_is_named() {
    let expected = "there is no condition `Busy`\n(there is `Quiet`)";
    let conditions = "Conditions: {Quiet: !Equals [a, a]}";
    let on_resource = sentence("", &format!("    Condition: Busy\n{conditions}"));
    let in_value = sentence("Timeout: !If [Busy, 1, 2]", conditions);
    let in_condition =
        sentence("Timeout: !If [Quiet, 1, 2]", "Conditions: {Quiet: !Not [!Condition Busy]}");
    for error in [on_resource, in_value, in_condition] {
        assert!(error.ends_with(expected), "{error}");
    }
    let looped = "Conditions: {'Fn::ForEach::Shops': [Shop, [!ImportValue a], {}]}";
    assert!(
        sentence("Timeout: !If [Busy, 1, 2]", looped).contains("whether `Busy` holds is not known")
    );
}

#[test]
fn a_loop_without_its_transform_is_doubtful() {
    let looped = "Resources: {'Fn::ForEach::Shops': [Shop, [a], {}]}";
    let template = parse(looped.as_bytes(), &options()).unwrap();
    assert_eq!(
        template.warnings,
        [
            "line 1: AWS takes a `Fn::ForEach` only where `Transform` names `AWS::LanguageExtensions`"
        ]
    );
}

#[test]
fn two_functions_of_one_name_are_refused() {
    let rest = "  Soup:\n    Type: AWS::Serverless::Function\n    Properties: {CodeUri: soup, FunctionName: Tea}";
    assert_eq!(
        sentence("", rest),
        "line 8, column 47: `Tea` and `Soup` are both named `Tea`\n(give one of them another `FunctionName`)"
    );
}

#[test]
fn neither_an_id_nor_a_name_can_be_a_path() {
    for id in ["../../etc", "a/b", ".", "", "a b", "bin\\u0000", "Té", &"x".repeat(256)] {
        let text = format!(
            "Resources:\n  \"{id}\": {{Type: AWS::Serverless::Function, Properties: {{}}}}"
        );
        let error = parse(text.as_bytes(), &options()).unwrap_err();
        assert!(matches!(error, TemplateError::LogicalId { .. }), "{id}: {error:?}");
    }
    for name in ["../tea", "tea/1", "", "a b", &"x".repeat(65)] {
        let error = sentence(&format!("FunctionName: '{name}'"), "");
        assert!(error.contains("it must be 1 to 64 letters, digits, `-` and `_`"), "{error}");
    }
}

#[test]
fn a_broken_text_is_told_with_its_place() {
    let broken = |text: &str| parse(text.as_bytes(), &options()).unwrap_err().to_string();
    let at = |text: &str, line: u64, column: u64| {
        let error = broken(text);
        let place =
            format!("`/somewhere/template.yaml` is broken at line {line}, column {column}: ");
        assert!(error.starts_with(&place), "{text:?}: {error}");
    };
    at("Resources:\n  Tea: [a, b\n", 3, 1);
    at("Resources:\n\tTea: x\n", 2, 1);
    at("Resources:\n  a: ä\u{1}\n", 2, 7);
    at("Resources: *nobody\n", 1, 12);
    at("Resources: {[a]: b}\n", 1, 13);
    at("", 2, 1);
    at("a: b\n---\nc: d\n", 2, 1);
    assert_eq!(
        parse(b"a: b\nc: \xff", &options()).unwrap_err().to_string(),
        "`/somewhere/template.yaml` is broken at line 2, column 1: it is not UTF-8 text"
    );
    assert!(
        broken("a: b").contains("is not a template: it has no `Resources`\n(name another with")
    );
}

#[test]
fn a_missing_template_is_told_with_those_that_are_nearby() {
    let folder = std::env::temp_dir().join(format!("lunch-nearby-{}", std::process::id()));
    std::fs::create_dir_all(folder.join(".aws-sam/build")).unwrap();
    let missing = || {
        let error = read(&Options { path: folder.join("template.yaml"), ..options() }).unwrap_err();
        error.to_string().replace(&folder.display().to_string(), "FOLDER")
    };
    assert_eq!(
        missing(),
        "there is no template at `FOLDER/template.yaml`\n(lunch looks for `template.yaml` in this folder; name another with `--template FILE`)"
    );
    for name in ["template.yml", "template.json", ".aws-sam/build/template.yaml"] {
        std::fs::write(folder.join(name), "Resources: {}").unwrap();
    }
    assert_eq!(
        missing(),
        "there is no template at `FOLDER/template.yaml`\n(there is `FOLDER/template.yml`, `FOLDER/template.json`, `FOLDER/.aws-sam/build/template.yaml`; name it with `--template FILE`)"
    );
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_global_intrinsic_is_replaced_and_not_merged() {
    let text = "Globals: {Function: {Runtime: provided.al2023, Description: !Ref AWS::Region}}\nResources:\n  Tea:\n    Type: AWS::Serverless::Function\n    Properties: {Description: !Sub '${AWS::Region}-1'}\n";
    let template = parse(text.as_bytes(), &options()).unwrap();
    assert_eq!(template.functions[0].description, "eu-central-2-1");
}

#[test]
fn a_property_that_is_a_yes_or_no_takes_every_word_for_it() {
    let build = |word: &str| {
        of("", &format!("    Metadata: {{SkipBuild: {word}}}")).unwrap().functions[0].build
    };
    for word in ["true", "True", "yes", "on", "'true'"] {
        assert_eq!(build(word), Build::InPlace, "{word}");
    }
    for word in ["false", "no", "Off", "maybe"] {
        assert_eq!(build(word), Build::Cargo, "{word}");
    }
}
