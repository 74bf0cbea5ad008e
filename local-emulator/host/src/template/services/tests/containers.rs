//! Containers, each property with what AWS takes of it.

use std::time::Duration;

use lunch_contract::ecs::{HealthCheck, RestartPolicy};

use super::super::{Check, PortMapping, Runs};
use super::{FARGATE, all_refused, all_taken, container, of, refused, task};

#[test]
fn a_container_has_awss_defaults() {
    let burger = container("");
    assert_eq!(burger.image.as_deref(), Some("burger"));
    assert_eq!(burger.runs, Runs::Binary("burger".to_owned()));
    assert_eq!((burger.essential, burger.read_only_root), (true, false));
    assert_eq!(burger.stop_timeout, Duration::from_secs(30));
    assert_eq!((burger.start_timeout, burger.health_check, burger.restart), (None, None, None));
    let check = container("HealthCheck: {Command: [CMD, ok]}").health_check.expect("it is there");
    assert_eq!(check, Check { command: vec!["ok".to_owned()], settings: HealthCheck::default() });
    let restart = container("RestartPolicy: {Enabled: true}").restart;
    assert_eq!(restart, Some(RestartPolicy::default()));
    assert_eq!(container("RestartPolicy: {Enabled: false}").restart, None);
}

#[test]
fn a_health_check_stays_within_awss_bounds() {
    let rest = |given: &str| {
        task("", &format!("HealthCheck: {{Command: [CMD-SHELL, 'exit 0'], {given}}}"), "")
    };
    let sentence = "line 6, column 183: `ContainerDefinitions.burger.HealthCheck.Interval` of `BurgerTask` is `4`; it must be a whole number from 5 to 300";
    assert_eq!(refused("HealthCheck: {Command: [CMD-SHELL, 'exit 0'], Interval: 4}"), sentence);
    all_refused(
        rest,
        &[
            (
                "Interval: 301",
                "Interval` of `BurgerTask` is `301`; it must be a whole number from 5 to 300",
            ),
            ("Timeout: 1", "from 2 to 60"),
            ("Timeout: 61", "from 2 to 60"),
            ("Retries: 0", "from 1 to 10"),
            ("Retries: 11", "from 1 to 10"),
            ("StartPeriod: 301", "from 0 to 300"),
            ("StartPeriod: soon", "from 0 to 300"),
        ],
    );
    all_taken(
        rest,
        &[
            "Interval: 5, Timeout: 2, Retries: 1, StartPeriod: 0",
            "Interval: 300, Timeout: 60, Retries: 10, StartPeriod: 300",
        ],
    );
}

#[test]
fn a_health_check_runs_a_program_or_a_shells_line() {
    let command = |command: &str| {
        let check = container(&format!("HealthCheck: {{Command: {command}}}")).health_check;
        check.expect("it is there").command
    };
    assert_eq!(command("[CMD, ok, -v]"), ["ok", "-v"]);
    assert_eq!(command("[CMD-SHELL, 'ok || exit 1']"), ["/bin/sh", "-c", "ok || exit 1"]);
    all_refused(
        |given| task("", &format!("HealthCheck: {given}"), ""),
        &[
            ("{Command: [ok]}", "is `ok`; it must be `CMD` with a program"),
            ("{Command: [CMD]}", "`CMD` with a program"),
            ("{Command: [CMD-SHELL]}", "`CMD-SHELL` with a shell's line"),
            ("{Command: []}", "`CMD` with a program"),
            ("{Interval: 5}", "HealthCheck.Command` of `BurgerTask` is not there"),
            ("often", "is `often`; it must be a map"),
        ],
    );
}

#[test]
fn a_stop_on_fargate_takes_two_minutes_at_most() {
    let fargate = |given: &str| task(&format!("{FARGATE} Cpu: 256, Memory: 512,"), given, "");
    all_refused(
        fargate,
        &[
            (
                "StopTimeout: 121",
                "StopTimeout` of `BurgerTask` is `121`; it must be a whole number from 0 to 120",
            ),
            ("StartTimeout: 121", "from 0 to 120"),
        ],
    );
    all_taken(fargate, &["StopTimeout: 120, StartTimeout: 120", "StopTimeout: 0"]);
    let elsewhere =
        of("", &task("", "StopTimeout: 300, StartTimeout: 300", "")).expect("a template");
    assert_eq!(elsewhere.task_definitions[0].containers[0].stop_timeout.as_secs(), 120);
    let said = elsewhere.not_served.join("\n");
    assert!(said.contains("StopTimeout` of `BurgerTask` is 300: 120 s here"), "{said}");
}

#[test]
fn a_restart_policy_stays_within_awss_bounds() {
    let codes = |count: usize| vec!["1"; count].join(", ");
    let rest = |given: &str| task("", &format!("RestartPolicy: {{{given}}}"), "");
    let restart = container(
        "RestartPolicy: {Enabled: true, IgnoredExitCodes: [0, -1], RestartAttemptPeriod: 60}",
    );
    let attempt_period = Duration::from_secs(60);
    let policy = RestartPolicy { ignored_exit_codes: vec![0, -1], attempt_period };
    assert_eq!(restart.restart, Some(policy));
    all_refused(
        rest,
        &[
            ("Enabled: true, RestartAttemptPeriod: 59", "from 60 to 1800"),
            ("Enabled: true, RestartAttemptPeriod: 1801", "from 60 to 1800"),
            ("Enabled: true, IgnoredExitCodes: [a]", "is `a`; it must be a list of whole numbers"),
            (
                &format!("Enabled: true, IgnoredExitCodes: [{}]", codes(51)),
                "is 51 of them; it must be at most 50 of them",
            ),
            ("RestartAttemptPeriod: 60", "Enabled` of `BurgerTask` is not there"),
            ("Enabled: perhaps", "`true` or `false`"),
        ],
    );
    all_taken(
        rest,
        &[
            &format!("Enabled: true, IgnoredExitCodes: [{}]", codes(50)),
            "Enabled: true, RestartAttemptPeriod: 1800",
        ],
    );
}

#[test]
fn a_port_of_a_task_with_its_own_network_is_the_same_outside() {
    let rest = |given: &str| task("NetworkMode: awsvpc,", &format!("PortMappings: [{given}]"), "");
    all_refused(
        rest,
        &[
            (
                "{ContainerPort: 8080, HostPort: 80}",
                "is `80`; it must be its `ContainerPort`, `8080`",
            ),
            ("{ContainerPort: 0}", "from 1 to 65535"),
            ("{ContainerPort: 65536}", "from 1 to 65535"),
            ("{HostPort: 80, Name: x}", "ContainerPort` of `BurgerTask` is not there"),
            ("{ContainerPort: 80, Protocol: pigeon}", "one of tcp, udp"),
        ],
    );
    let ports = |given: &str| {
        let template = of("", &rest(given)).expect("a template");
        template.task_definitions[0].containers[0].ports.clone()
    };
    let both =
        [PortMapping { container: 80, host: Some(80) }, PortMapping { container: 81, host: None }];
    assert_eq!(ports("{ContainerPort: 80, HostPort: 80}, {ContainerPort: 81, HostPort: 0}"), both);
    assert_eq!(ports("{ContainerPortRange: 80-90, Protocol: tcp}"), []);
    let bridge = container("PortMappings: [{ContainerPort: 8080, HostPort: 80}]");
    assert_eq!(bridge.ports, [PortMapping { container: 8080, host: Some(80) }]);
}

#[test]
fn a_containers_secret_is_no_variable_too_and_a_variables_name_is_one() {
    all_refused(
        |given| task("", given, ""),
        &[
            (
                "Environment: [{Name: A, Value: x}], Secrets: [{Name: A, ValueFrom: x}]",
                "is `A`; it must be a name that neither",
            ),
            ("Secrets: [{Name: A, ValueFrom: x}, {Name: A, ValueFrom: x}]", "a name that neither"),
            ("Secrets: [{Name: A, Value: x}]", "ValueFrom` of `BurgerTask` is not there"),
            ("Environment: [{Name: 'A=B', Value: x}]", "a name without `=`"),
            ("Environment: [{Name: '', Value: x}]", "a name without `=`"),
            ("Environment: [{Value: x, Other: x}]", "a name without `=`"),
            ("Environment: [{Name: A, Value: \"\\0\"}]", "a text without"),
            (
                "Environment: [{Name: A, Value: [x]}]",
                "Environment.A` of `BurgerTask` is a list or a map",
            ),
            ("Environment: {A: x}", "it must be a list of maps"),
        ],
    );
}
