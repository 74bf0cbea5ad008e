//! Texts that nobody means well with: bounded, and never a panic.

use std::fmt::Write as _;

use super::tests::{of, options};
use super::*;

#[test]
fn aliases_that_expand_without_end_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..20 {
        let all = vec![format!("*a{}", n - 1); 8].join(", ");
        writeln!(text, "a{n}: &a{n} [{all}]").unwrap();
    }
    let error = parse(text.as_bytes(), &options()).unwrap_err().to_string();
    assert!(error.contains("expand to too much"), "{error}");
    let deep = "[".repeat(100_000);
    parse(deep.as_bytes(), &options()).unwrap_err();
}

#[test]
fn references_to_very_many_resources_come_to_an_end() {
    let numbers = || 0..20_000;
    let variables: String = numbers().map(|n| format!("V{n}: !Ref Q{n}, ")).collect();
    let queues: String =
        numbers().map(|n| format!("  Q{n}: {{Type: AWS::SQS::Queue}}\n")).collect();
    let began = std::time::Instant::now();
    let template = of(&format!("Environment: {{Variables: {{{variables}}}}}"), &queues);
    let error = template.unwrap_err().to_string();
    assert!(error.contains("it must be at most 4096 bytes"), "{error}");
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, text in "[-\\[\\]{}:&*!|>'\"a \n]{0,200}") {
        drop(parse(&bytes, &options()));
        drop(parse(text.as_bytes(), &options()));
    }
}

/// Values as somebody might nest them who knows the names and not the rules.
fn value() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let word = prop_oneof![
        Just("a".to_owned()),
        Just("0".to_owned()),
        Just("Yes".to_owned()),
        Just("Tea.Arn".to_owned()),
        Just("'${Tea} ${!x} ${A.b} ${'".to_owned()),
        Just("{Ref: AWS::NoValue}".to_owned()),
        Just("!Ref List".to_owned()),
        Just("!GetAtt Queue.Arn".to_owned()),
        Just("!GetAtt [Queue]".to_owned()),
        Just("'{{resolve:ssm:x'".to_owned()),
    ];
    let names = prop::sample::select(vec![
        "Ref",
        "Fn::GetAtt",
        "Fn::Sub",
        "Fn::Join",
        "Fn::Select",
        "Fn::Split",
        "Fn::FindInMap",
        "Fn::If",
        "Fn::Base64",
        "Fn::Length",
        "Fn::ToJsonString",
        "Fn::Equals",
        "Fn::And",
        "Fn::Not",
        "Condition",
        "Fn::ForEach::X",
        "Fn::Transform",
        "Type",
        "CodeUri",
        "Variables",
        "Name",
        "Value",
        "Command",
        "Containers",
    ]);
    word.prop_recursive(5, 48, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|all| format!("[{}]", all.join(", "))),
            (names.clone(), inner.clone()).prop_map(|(name, of)| format!("{{'{name}': {of}}}")),
            (names.clone(), prop::collection::vec(inner, 0..4))
                .prop_map(|(name, all)| format!("{{'{name}': [{}]}}", all.join(", "))),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn no_value_anywhere_makes_the_reader_panic(one in value(), other in value(), third in value()) {
        let head = "Parameters: {List: {Type: CommaDelimitedList, Default: 'a,b'}}\nMappings: {a: {a: {a: 0}}}";
        for at in [
            format!("Conditions: {{Yes: {one}}}\nResources: {{Queue: {{Type: AWS::SQS::Queue, Properties: {other}}}, Tea: {{Type: AWS::Serverless::Function, Condition: Yes, Properties: {{Runtime: provided, CodeUri: t, Timeout: {third}, Environment: {{Variables: {{A: {one}}}}}}}}}}}"),
            format!("Globals: {one}\nResources: {{Queue: {other}, Tea: {{Type: AWS::Lambda::Function, Metadata: {third}, Properties: {one}}}}}"),
            format!("Globals: {{Function: {one}}}\nResources: {{Tea: {{Type: AWS::Serverless::Function, Properties: {{Runtime: provided, Events: {other}, Architectures: {third}, FunctionName: {one}, Environment: {other}}}}}, 'Fn::ForEach::Y': [x, {third}, {{'A${{x}}': {one}}}]}}"),
        ] {
            drop(parse(format!("{head}\n{at}").as_bytes(), &options()));
        }
    }

    #[test]
    fn no_value_anywhere_in_a_service_makes_the_reader_panic(one in value(), other in value(), third in value()) {
        let head = "Parameters: {List: {Type: CommaDelimitedList, Default: 'a,b'}}\nConditions: {Yes: !Equals [a, a]}";
        for at in [
            format!("T: {{Type: AWS::ECS::TaskDefinition, Metadata: {{Lunch: {one}}}, Properties: {{Cpu: {one}, Memory: {other}, RequiresCompatibilities: [FARGATE, {third}], ContainerDefinitions: {third}}}}}"),
            format!("T: {{Type: AWS::ECS::TaskDefinition, Metadata: {{Lunch: {{Containers: {{a: {third}}}}}}}, Properties: {{ContainerDefinitions: [{one}, {{Name: a, Image: {other}, Memory: 4, Environment: [{third}, {{Name: A, Value: {one}}}], Secrets: [{{Name: {other}, ValueFrom: {third}}}]}}]}}}}"),
            format!("T: {{Type: AWS::ECS::TaskDefinition, Properties: {{ContainerDefinitions: [{{Name: a, Image: i, Memory: 4, HealthCheck: {one}, RestartPolicy: {{Enabled: yes, IgnoredExitCodes: {other}}}, PortMappings: [{third}], LogConfiguration: {{LogDriver: {one}, Options: {third}}}}}, {{Name: b, Image: i, Memory: 4, Essential: {other}, DependsOn: [{{ContainerName: {other}, Condition: {one}}}, {{ContainerName: a, Condition: START}}]}}]}}}}"),
            format!("T: {{Type: AWS::ECS::TaskDefinition, Properties: {{Family: {other}, ContainerDefinitions: [{{Name: a, Image: i, Memory: 4}}]}}}}, C: {{Type: AWS::ECS::Cluster, Properties: {one}}}, S: {{Type: AWS::ECS::Service, Properties: {{TaskDefinition: !Ref T, Cluster: {third}, DesiredCount: {one}}}}}, R: {{Type: AWS::ECS::Service, Properties: {{TaskDefinition: {third}, DeploymentConfiguration: {other}}}}}, A: {{Type: AWS::ApplicationAutoScaling::ScalingPolicy, Properties: {{ScalingTargetId: {other}, ServiceNamespace: {one}}}}}"),
        ] {
            drop(parse(format!("{head}\nResources: {{{at}}}").as_bytes(), &options()));
        }
    }
}

#[test]
fn loops_that_would_make_too_much_make_nothing() {
    let items = vec!["a"; 200].join(", ");
    let mut body = "{'X${A}': {Type: 'AWS::SQS::Queue'}}".to_owned();
    for level in ["A", "B", "C", "D"] {
        body = format!("{{'Fn::ForEach::{level}': [{level}, [{items}], {body}]}}");
    }
    let template = parse(format!("Resources: {body}").as_bytes(), &options()).unwrap();
    let told = template.not_served.join("\n");
    assert!(told.contains("stays as it is: the loops make too much"), "{told}");
}

/// A text on which the YAML reader itself panics.
const BEYOND_THE_READER: &str = "Resources: {}\na: {b: \"c\"!, d\n";

#[test]
fn a_text_that_the_reader_panics_on_is_broken_with_a_place() {
    let error = parse(BEYOND_THE_READER.as_bytes(), &options()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`/somewhere/template.yaml` is broken at line 2, column 8: the YAML reader gives up after this"
    );
}

#[test]
fn a_panic_of_the_reader_is_not_told_on_stderr() {
    let test = "template::hostile::a_text_that_the_reader_panics_on_is_broken_with_a_place";
    let mut own = std::process::Command::new(std::env::current_exe().unwrap());
    let output = own.args(["--exact", test, "--nocapture"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn what_an_error_quotes_is_cut_short() {
    let long = "é".repeat(5_000);
    for (properties, more) in [
        (format!("Timeout: !FindInMap [{long}, a, b]"), String::new()),
        (format!("Timeout: {long}"), String::new()),
        (String::new(), format!("  Queue: {{Type: AWS::SQS::Queue, Condition: {long}}}\n")),
    ] {
        let error = of(&properties, &more).unwrap_err().to_string();
        assert!(error.contains("éé…"), "{error}");
        assert!(error.len() < 2_000, "{} bytes: {error}", error.len());
    }
}
