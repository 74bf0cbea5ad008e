use super::*;

fn options() -> Options {
    Options {
        path: "/somewhere/template.yaml".into(),
        parameter_overrides: Vec::new(),
        region: "eu-central-2".to_owned(),
        account: "123456789012".to_owned(),
        stack_name: None,
    }
}

fn of(properties: &str, rest: &str) -> Result<Template, TemplateError> {
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
    assert!(template.orders.unwrap().ends_with("functions/coffee/orders/lunchtime.jsonl"));
}

#[test]
fn globals_merge_and_intrinsics_resolve() {
    let template = of(
        "Environment: {Variables: {ARN: !GetAtt Tea.Arn, SUB: !Sub '${AWS::Region}-${!x}', YES: yes, Q: !ImportValue q}}",
        "",
    )
    .unwrap();
    let variables = &template.functions[0].variables;
    assert_eq!(variables["ALL"], "1");
    assert_eq!(variables["ARN"], "arn:aws:lambda:eu-central-2:123456789012:function:Tea");
    assert_eq!(variables["SUB"], "eu-central-2-${x}");
    assert_eq!(variables["YES"], "yes");
    assert_eq!(
        template.not_served,
        ["line 5: variable `Q` of `Tea` is left out: `Fn::ImportValue` is only known to AWS"]
    );
}

#[test]
fn an_unknown_intrinsic_is_an_error_only_where_it_is_needed() {
    let error = of("Timeout: !Guess 3", "").unwrap_err().to_string();
    assert!(error.starts_with("line 5, column"), "{error}");
    assert!(error.contains("`Fn::Guess` is an intrinsic not understood"), "{error}");
    assert!(of("Tags: !Guess 3", "").is_ok());
}

#[test]
fn a_function_whose_name_is_its_own_is_a_cycle() {
    let error = of("FunctionName: !Sub '${Tea}-1'", "");
    let named = of("Environment: {Variables: {NAME: !Ref Tea}}, FunctionName: !Ref Tea", "");
    assert!(matches!(error, Err(TemplateError::Cycle { .. })), "{error:?}");
    assert!(matches!(named, Err(TemplateError::Cycle { .. })), "{named:?}");
}

#[test]
fn a_false_condition_drops_the_function() {
    let rest = "    Condition: Never\nConditions: {Never: !Equals [a, b]}";
    assert_eq!(of("", rest).unwrap().functions, []);
}

#[test]
fn parameters_without_a_value_are_named() {
    let error = of("", "Parameters: {A: {Type: String}, B: {Type: String}}").unwrap_err();
    assert_eq!(
        error.to_string(),
        "parameters are without a value: `A`, `B`\n(give each one with `--parameter-overrides A=VALUE`)"
    );
}

#[test]
fn a_reserved_variable_and_a_wrong_timeout_are_refused() {
    assert!(of("Environment: {Variables: {AWS_REGION: x}}", "").is_err());
    assert!(of("Timeout: 901", "").is_err());
    assert!(of("Timeout: 900", "").is_ok());
}

#[test]
fn aliases_that_expand_without_end_are_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..20 {
        let all = vec![format!("*a{}", n - 1); 8].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{all}]\n"));
    }
    let error = parse(text.as_bytes(), &options()).unwrap_err().to_string();
    assert!(error.contains("expand to too much"), "{error}");
    let deep = "[".repeat(100_000);
    assert!(parse(deep.as_bytes(), &options()).is_err());
}

#[test]
fn a_block_scalar_at_the_end_needs_no_newline() {
    assert!(parse(b"Resources: {}\nDescription: |\n  x", &options()).is_ok());
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes: Vec<u8>, text in "[-\\[\\]{}:&*!|>'\"a \n]{0,200}") {
        let _: Result<_, _> = parse(&bytes, &options());
        let _: Result<_, _> = parse(text.as_bytes(), &options());
    }
}
