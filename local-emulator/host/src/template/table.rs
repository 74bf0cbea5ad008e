//! Templates as people write them, each with all that is read from it.

use std::fmt::Write as _;

use super::*;

fn options(name: &str, overrides: &[(&str, &str)]) -> Options {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    Options {
        path: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/templates").join(name),
        parameter_overrides: overrides.iter().map(owned).collect(),
        region: "eu-central-2".to_owned(),
        account: "123456789012".to_owned(),
        stack_name: Some("street".to_owned()),
    }
}

fn show(name: &str, overrides: &[(&str, &str)]) -> String {
    let template = read(&options(name, overrides)).unwrap();
    let mut text = String::new();
    write(&mut text, &template).unwrap();
    let folder = folder(&template.path).display().to_string();
    // Which of them is this machine's own is no matter of the template.
    let is_shown = |line: &&str| !line.contains("is for `x86_64`: built and run for this machine");
    text.replace(&folder, "FOLDER").lines().filter(is_shown).collect::<Vec<_>>().join("\n")
}

fn write(text: &mut String, template: &Template) -> std::fmt::Result {
    writeln!(text, "description: {:?}, orders: {:?}", template.description, template.orders)?;
    for one in &template.functions {
        writeln!(
            text,
            "\n{} = `{}` at line {}: {:?}, {:?}",
            one.logical_id, one.name, one.at.line, one.description, one.log_group
        )?;
        writeln!(text, "  {}, binary {:?}, {:?}", one.code.display(), one.binary, one.build)?;
        writeln!(text, "  {} {} {}", one.runtime, one.handler, one.architecture)?;
        let (timeout, memory, storage) = (one.timeout, one.memory_mb, one.ephemeral_storage_mb);
        writeln!(text, "  {timeout:?}, {memory} MB, {storage} MB, reserved {:?}", one.reserved)?;
        for (name, value) in &one.variables {
            writeln!(text, "  {name}={value:?}")?;
        }
    }
    for one in &template.versions {
        writeln!(
            text,
            "\nversion {} of `{}`: {:?}",
            one.logical_id, one.function, one.description
        )?;
    }
    for one in &template.aliases {
        let (id, function, version) = (&one.logical_id, &one.function, &one.version);
        writeln!(text, "\nalias {id} = `{}` of `{function}`: {version:?}", one.name)?;
    }
    for one in &template.log_groups {
        writeln!(text, "\nlog group {} = {:?}", one.logical_id, one.name)?;
    }
    for one in &template.queues {
        writeln!(text, "\nqueue {} = `{}`: {:?}", one.logical_id, one.name, one.attributes)?;
    }
    for one in &template.clusters {
        writeln!(text, "\ncluster {} = `{}`", one.logical_id, one.name)?;
    }
    for one in &template.task_definitions {
        writeln!(text, "\ntask definition {} = {}", one.logical_id, whole(one))?;
    }
    for one in &template.services {
        writeln!(text, "\nservice {} = {}", one.logical_id, whole(one))?;
    }
    for (title, lines) in [
        ("not served", &template.not_served),
        ("placeholders", &template.placeholders),
        ("warnings", &template.warnings),
    ] {
        writeln!(text, "\n{title}:")?;
        lines.iter().try_for_each(|line| writeln!(text, "  {line}"))?;
    }
    Ok(())
}

/// All that is known of it, but where it stands.
fn whole(one: &impl std::fmt::Debug) -> String {
    let text = format!("{one:#?}");
    let mut lines = Vec::new();
    let mut place = 0;
    for line in text.lines() {
        place = if line.trim_start().starts_with("at: Span") { 4 } else { place };
        if place == 0 {
            lines.push(line);
        } else {
            place -= 1;
        }
    }
    lines.join("\n")
}

#[test]
fn every_intrinsic_function_has_its_value_or_a_sentence() {
    insta::assert_snapshot!(show("intrinsics.yaml", &[]));
}

#[test]
fn what_is_not_served_has_a_placeholder_of_the_right_shape() {
    insta::assert_snapshot!(show("placeholders.yaml", &[]));
}

#[test]
fn a_loop_that_sam_has_built_is_read() {
    insta::assert_snapshot!(show("sam_built.yaml", &[]));
}

#[test]
fn versions_aliases_and_log_groups_are_read() {
    insta::assert_snapshot!(show("published.yaml", &[]));
}

#[test]
fn a_loop_is_what_it_makes() {
    insta::assert_snapshot!(show("loops.yaml", &[]));
}

#[test]
fn another_value_of_a_parameter_decides_every_condition_anew() {
    let shown = show("intrinsics.yaml", &[("Stage", "prod")]);
    let decided = shown.lines().filter(|line| line.trim_start().starts_with("IF_"));
    insta::assert_snapshot!(decided.collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_variable_is_what_is_written() {
    insta::assert_snapshot!(show("written.yaml", &[]));
}

#[test]
fn globals_and_merge_keys_give_what_a_function_does_not_say() {
    insta::assert_snapshot!(show("merged.yaml", &[]));
}

#[test]
fn json_is_a_template_too() {
    insta::assert_snapshot!(show("json.json", &[]));
}

#[test]
fn whatever_is_not_served_is_said() {
    insta::assert_snapshot!(show("big.yaml", &[]));
}

#[test]
fn clusters_task_definitions_and_services_are_read() {
    insta::assert_snapshot!(show("services.yaml", &[]));
}

#[test]
fn a_file_from_windows_is_read() {
    insta::assert_snapshot!(show("crlf.yaml", &[]));
}

#[test]
fn several_functions_of_one_crate_are_several() {
    insta::assert_snapshot!(show("plain.yaml", &[]));
}

#[test]
fn the_command_lines_values_win_and_the_last_one_counts() {
    let overrides = [
        ("Stage", "beta"),
        ("Stage", "prod"),
        ("Shops", "a, b"),
        ("Secret", "known"),
        ("Wait", "9"),
    ];
    insta::assert_snapshot!(show("overridden.yaml", &overrides));
}
