//! `lunch check`: what `up` would serve of a template, with which settings, and what not. Nothing is built or started.

mod services;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use lunch_cloud::Settings;
use lunch_host::build::{check_zip, container_programs};
use lunch_host::template::{Build, Function, Template};
use lunch_host::{EnvironmentFiles, Listen, bound};
use serde_json::Value;

use crate::args::Check;
use crate::behaviour::in_words;
use crate::commands::cloud::{self, Plan};
use crate::failure::{Code, Failure, OrFail as _};
use crate::say;
use crate::span;
use crate::summary::{plain_table, right_align};

pub(crate) fn run(asked: &Check) -> Result<Code, Failure> {
    let Check { port, cloud } = asked;
    let mut plan = Plan::read(cloud, Listen::loopback(0))?;
    let programs = container_programs(&plan.template).or_fail(Code::Build)?;
    plan.take_tasks(&programs);
    plan.serves_something()?;
    let behaviour =
        behaviour(&plan.config.settings, cloud::modelled(cloud)).or_fail(Code::Fault)?;
    let template = in_use(plan.template, &plan.config.environment, *port);
    let place = Place { region: &cloud.region, port: *port };
    say::answer(render(&template, &place, &behaviour));
    // What `up` would refuse after all of this, told as it would tell it.
    template
        .functions
        .iter()
        .try_for_each(|function| check_zip(&template, function))
        .or_fail(Code::Build)?;
    Ok(Code::Done)
}

/// The template with its functions' and containers' variables as `up` would give them.
fn in_use(mut template: Template, files: &EnvironmentFiles, port: u16) -> Template {
    for function in &mut template.functions {
        function.variables = files.variables_of(function);
        for value in function.variables.values_mut() {
            *value = bound(value, &endpoint(port));
        }
    }
    let containers = template.task_definitions.iter_mut().flat_map(|one| &mut one.containers);
    for value in containers.flat_map(|one| one.variables.values_mut()) {
        *value = bound(value, &endpoint(port));
    }
    template
}

/// Where `up` would serve.
struct Place<'a> {
    region: &'a str,
    port: u16,
}

/// Where the door would be.
fn endpoint(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// Every setting by its name, with its value; and what some of them come to.
type Behaviour = Vec<(String, String)>;

fn behaviour(
    settings: &Settings,
    modelled: Option<String>,
) -> Result<Behaviour, serde_json::Error> {
    let mut lines = Vec::new();
    flatten("", &serde_json::to_value(settings)?, &mut lines);
    lines.extend(in_words(settings));
    let cold_starts = modelled.unwrap_or_else(|| "as long as they take here".to_owned());
    lines.push(("cold starts".to_owned(), cold_starts));
    Ok(lines)
}

fn render(template: &Template, place: &Place<'_>, behaviour: &Behaviour) -> String {
    let mut text = String::new();
    write(&mut text, template, place, behaviour).expect("a string takes what is written");
    text
}

fn write(
    text: &mut String,
    template: &Template,
    place: &Place<'_>,
    behaviour: &Behaviour,
) -> std::fmt::Result {
    let count = template.functions.len();
    let s = if count == 1 { "" } else { "s" };
    writeln!(text, "{} has {count} function{s} that `lunch up` serves", template.path.display())?;
    writeln!(text, "\n{}", functions(template).trim_fmt())?;
    for function in template.functions.iter().filter(|function| !function.variables.is_empty()) {
        writeln!(text, "\nvariables of {}:", function.name)?;
        for (name, value) in &function.variables {
            writeln!(text, "  {name}={}", on_one_line(value))?;
        }
    }
    queues(text, template)?;
    urls(text, template, place)?;
    services::write(text, template)?;
    for (what, sentences) in [
        ("not served", &template.not_served),
        ("placeholders, for what is not served", &template.placeholders),
        ("doubtful", &template.warnings),
    ] {
        if !sentences.is_empty() {
            writeln!(text, "\n{what}:")?;
        }
        for sentence in sentences {
            writeln!(text, "  {}", sentence.replace('\n', "\n  "))?;
        }
    }
    writeln!(text, "\nhow the cloud behaves (`lunch up --help` says what is what):")?;
    let width = behaviour.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in behaviour {
        writeln!(text, "  {name:width$}  {value}")?;
    }
    Ok(())
}

fn queues(text: &mut String, template: &Template) -> std::fmt::Result {
    if !template.queues.is_empty() {
        writeln!(text, "\nqueues:")?;
    }
    for queue in &template.queues {
        writeln!(text, "  {} ({}){}", queue.name, queue.logical_id, attributes(queue))?;
    }
    for mapping in &template.mappings {
        writeln!(
            text,
            "  {} -> {}, at most {} at once ({})",
            mapping.queue, mapping.function, mapping.batch_size, mapping.logical_id
        )?;
    }
    Ok(())
}

/// The functions' URLs, as they would be: for programs, and for browsers.
fn urls(text: &mut String, template: &Template, place: &Place<'_>) -> std::fmt::Result {
    let Place { region, port } = *place;
    if !template.urls.is_empty() {
        writeln!(text, "\nfunction URLs, at port {port}, each with a name for browsers:")?;
    }
    for url in &template.urls {
        let (function, config) = (&url.function, &url.config);
        writeln!(
            text,
            "  {} ({}, {})\n    {}",
            config.by_path(function, &endpoint(port)),
            url.logical_id,
            config.auth.name(),
            config.by_host(function, region, port)
        )?;
    }
    Ok(())
}

/// What the template says of a queue, on one line.
fn attributes(queue: &lunch_host::template::Queue) -> String {
    queue.attributes.iter().map(|(name, value)| format!(" {name}={value}")).collect()
}

/// A value as it is, but for what would leave its line.
fn on_one_line(value: &str) -> String {
    let mut line = String::new();
    for char in value.chars() {
        if char.is_control() {
            line.extend(char.escape_debug());
        } else {
            line.push(char);
        }
    }
    line
}

fn functions(template: &Template) -> comfy_table::Table {
    let mut table = plain_table();
    table.set_header([
        "FUNCTION",
        "LOGICAL ID",
        "RUNTIME",
        "TIMEOUT",
        "MEMORY",
        "RESERVED",
        "CODE",
    ]);
    let folder = template.path.parent().unwrap_or_else(|| Path::new(""));
    for function in &template.functions {
        table.add_row([
            function.name.clone(),
            function.logical_id.clone(),
            function.runtime.clone(),
            span::clock(function.timeout),
            format!("{} MB", function.memory_mb),
            function.reserved.map_or_else(|| "-".to_owned(), |reserved| reserved.to_string()),
            code(function, folder),
        ]);
    }
    right_align(&mut table, 3..6);
    table
}

/// Where a function's program comes from, in words.
fn code(function: &Function, folder: &Path) -> String {
    let code = function.code.strip_prefix(folder).unwrap_or(&function.code);
    let code = code.strip_prefix(".").unwrap_or(code);
    let code = if code.as_os_str().is_empty() { Path::new(".") } else { code };
    let is_there = function.code.join("bootstrap").is_file();
    match function.build {
        Build::Cargo if function.code.join("Cargo.toml").is_file() => {
            format!("{}, built by cargo", code.display())
        }
        Build::Make if function.code.join("Makefile").is_file() => {
            format!("{}, built by make", code.display())
        }
        Build::Zip if function.code.is_file() => format!("{}, unpacked", code.display()),
        Build::Zip => format!("{}: not there yet", code.display()),
        Build::Cargo | Build::Make | Build::InPlace if is_there => {
            format!("{}, as it stands there", code.display())
        }
        Build::Cargo => {
            format!("{}: neither `Cargo.toml` nor `bootstrap` there yet", code.display())
        }
        Build::Make => format!("{}: neither `Makefile` nor `bootstrap` there yet", code.display()),
        Build::InPlace => format!("{}: no `bootstrap` there yet", code.display()),
    }
}

/// All settings, each by its path.
fn flatten(path: &str, value: &Value, lines: &mut Vec<(String, String)>) {
    let Value::Object(fields) = value else { return lines.push((path.to_owned(), shown(value))) };
    if span_of(value).is_some() {
        return lines.push((path.to_owned(), shown(value)));
    }
    for (name, value) in fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        flatten(&path, value, lines);
    }
}

fn shown(value: &Value) -> String {
    if let Some(span) = span_of(value) {
        return span::show(span);
    }
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(bounds) => bounds.iter().map(shown).collect::<Vec<_>>().join(" to "),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

fn span_of(value: &Value) -> Option<Duration> {
    let number = |name: &str| value.get(name).and_then(Value::as_u64);
    Some(Duration::new(number("secs")?, u32::try_from(number("nanos")?).ok()?))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Arguments, Command};

    pub(super) fn asked(words: &[&str]) -> Check {
        let words = ["lunch", "check"].iter().chain(words);
        match Arguments::parse_from(words).command {
            Some(Command::Check(asked)) => asked,
            other => panic!("{other:?}"),
        }
    }

    pub(super) const PORT: u16 = 9000;

    fn place(region: &str) -> Place<'_> {
        Place { region, port: PORT }
    }

    #[test]
    fn what_would_be_served_is_said_with_its_settings_and_what_would_not() {
        let asked = asked(&["--template", "../../template.yaml", "--cold-start", "rust-al2023"]);
        let plan = Plan::read(&asked.cloud, Listen::loopback(0)).expect("it is the street's");
        let mut template = plan.template.clone();
        template.not_served.push("`Orders` (AWS::SQS::Queue): queues come later".into());
        template.placeholders.push("line 9: `Orders` is `street-Orders`".into());
        template.warnings.push("line 7: `Timeout` stands there twice; the last one counts".into());
        template.functions[0].variables.insert("GREETING".into(), "hello\n\"there\"".into());
        let behaviour = behaviour(&plan.config.settings, cloud::modelled(&asked.cloud));
        let behaviour = behaviour.expect("plain data");
        insta::assert_snapshot!(render(&template, &place("us-east-1"), &behaviour));
    }

    #[test]
    fn variables_are_shown_as_up_would_give_them_and_a_strangers_are_doubtful() {
        let folder = std::env::temp_dir().join(format!("lunch-check-env-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room");
        let [template, json] = ["template.yaml", "env.json"].map(|name| folder.join(name));
        std::fs::write(&template, "Resources:\n  Tea:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: provided.al2023, CodeUri: tea, Environment: {Variables: {AA: x, BB: x}}}\n")
            .expect("there is room");
        std::fs::write(
            &json,
            r#"{"Tea": {"AA": "own"}, "Parameters": {"AA": "all", "BB": "all"}, "Te": {"AA": 1}}"#,
        )
        .expect("there is room");
        let [template, json] = [&template, &json].map(|path| path.to_str().expect("plain"));
        let plan = Plan::read(
            &asked(&["--template", template, "--env-vars", json]).cloud,
            Listen::loopback(0),
        );
        std::fs::remove_dir_all(&folder).expect("it is there");
        let plan = plan.expect("it is right");
        let template = in_use(plan.template, &plan.config.environment, PORT);
        let shown = render(&template, &place("us-east-1"), &Vec::new());
        assert!(shown.contains("variables of Tea:\n  AA=own\n  BB=all\n"), "{shown}");
        let told = "`--env-vars` has variables for `Te`, which is no function that is served";
        assert!(shown.contains(told), "{shown}");
        assert!(plan.config.not_served.iter().any(|line| line.starts_with(told)), "up says it too");
    }

    #[test]
    fn urls_are_shown_as_up_would_give_them() {
        let path =
            std::env::temp_dir().join(format!("lunch-check-urls-{}.yaml", std::process::id()));
        std::fs::write(&path, "Resources:\n  Tea:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: provided.al2023, CodeUri: tea, FunctionUrlConfig: {AuthType: NONE}, Environment: {Variables: {OWN: !GetAtt TeaUrl.FunctionUrl}}}\n")
            .expect("there is room");
        let asked = asked(&["--template", path.to_str().expect("plain"), "--port", "9001"]);
        assert_eq!(asked.port, 9001);
        let plan = Plan::read(&asked.cloud, Listen::loopback(0));
        std::fs::remove_file(&path).expect("it is there");
        let plan = plan.expect("it is right");
        let template = in_use(plan.template, &plan.config.environment, asked.port);
        let place = Place { region: "eu-west-1", port: 9001 };
        let shown = render(&template, &place, &Vec::new());
        let by_path = "http://127.0.0.1:9001/lambda-url/Tea/";
        assert!(shown.contains(&format!("OWN={by_path}\n")), "{shown}");
        let id = template.urls[0].config.id("Tea");
        let told = format!(
            "  {by_path} (TeaUrl, NONE)\n    http://{id}.lambda-url.eu-west-1.localhost:9001/\n"
        );
        assert!(shown.contains(&told), "{shown}");
    }

    #[test]
    fn a_zip_that_up_would_refuse_is_refused_in_the_same_words() {
        let folder = std::env::temp_dir().join(format!("lunch-check-zip-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("there is room");
        let template = folder.join("template.yaml");
        std::fs::write(&template, "Resources:\n  Tea:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: provided.al2023, CodeUri: tea.zip}\n")
            .expect("there is room");
        let check = || run(&asked(&["--template", template.to_str().expect("plain")]));
        let not_there_yet = check();
        std::fs::write(folder.join("tea.zip"), "no zip").expect("there is room");
        let failure = check().expect_err("it is none");
        std::fs::remove_dir_all(&folder).expect("it is there");
        assert_eq!(not_there_yet.expect("that may come"), Code::Done);
        assert_eq!(failure.code, Code::Build);
        let told = failure.render(false);
        assert!(told.contains("tea.zip` cannot be used"), "{told}");
        assert!(told.contains("it is no zip, or a broken one"), "{told}");
    }

    #[test]
    fn a_template_without_a_function_is_a_wrong_input() {
        let path = std::env::temp_dir().join(format!("lunch-check-{}.yaml", std::process::id()));
        std::fs::write(&path, "Resources:\n  Orders:\n    Type: AWS::SNS::Topic\n")
            .expect("there is room");
        let failure =
            run(&asked(&["--template", path.to_str().expect("plain")])).expect_err("nothing");
        std::fs::remove_file(path).expect("it is there");
        assert_eq!(failure.code, Code::Input);
        assert!(failure.render(false).contains("AWS::SNS::Topic"), "{}", failure.render(false));
    }
}
