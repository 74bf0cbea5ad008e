//! When a container is healthy, and when it is started again in place.

use lunch_contract::ecs::{HealthCheck, Limits, RestartPolicy};

use super::super::error::TemplateError;
use super::super::properties::Properties;

/// A container's health check: what is run, and how often. M:ecs HealthCheck.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The program and its arguments; of a `CMD-SHELL` that is a shell's.
    pub command: Vec<String>,
    /// How often, and what becomes of failures.
    pub settings: HealthCheck,
}

/// What runs the text of a `CMD-SHELL`. D:healthcheck.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// `HealthCheck`.
pub(super) fn health(part: &Properties<'_>) -> Result<Option<Check>, TemplateError> {
    let Some(check) = part.below("HealthCheck")? else { return Ok(None) };
    let (limits, usual) = (Limits::aws(), HealthCheck::default());
    let starts = (usual.start_period, limits.check_start_period_max);
    let (least, most) = limits.check_retries_range;
    let settings = HealthCheck {
        interval: check.seconds("Interval", limits.check_interval_range)?.unwrap_or(usual.interval),
        timeout: check.seconds("Timeout", limits.check_timeout_range)?.unwrap_or(usual.timeout),
        retries: check.number("Retries", least, most)?.unwrap_or(usual.retries),
        start_period: check.seconds("StartPeriod", starts)?.unwrap_or(usual.start_period),
    };
    Ok(Some(Check { command: command(&check)?, settings }))
}

fn command(check: &Properties<'_>) -> Result<Vec<String>, TemplateError> {
    const WANTED: &str =
        "`CMD` with a program and its arguments behind it, or `CMD-SHELL` with a shell's line";
    let Some(words) = check.texts("Command")? else { return Err(check.missing("Command", WANTED)) };
    match words.split_first() {
        Some((how, rest)) if how == "CMD" && !rest.is_empty() => Ok(rest.to_vec()),
        Some((how, rest)) if how == "CMD-SHELL" && !rest.is_empty() => {
            Ok(SHELL.map(str::to_owned).into_iter().chain(rest.iter().cloned()).collect())
        }
        Some(_) | None => {
            let got = format!("`{}`", words.join(" "));
            Err(check.error("Command", &got, WANTED, check.place("Command")))
        }
    }
}

/// `RestartPolicy`, where it is enabled. M:ecs ContainerRestartPolicy.
pub(super) fn restart(part: &Properties<'_>) -> Result<Option<RestartPolicy>, TemplateError> {
    const CODES: &str = "IgnoredExitCodes";
    let Some(policy) = part.below("RestartPolicy")? else { return Ok(None) };
    let limits = Limits::aws();
    let enabled = policy.flag("Enabled")?;
    let is_enabled = enabled.ok_or_else(|| policy.missing("Enabled", "`true` or `false`"))?;
    let period = policy.seconds("RestartAttemptPeriod", limits.restart_period_range)?;
    let texts = policy.texts(CODES)?.unwrap_or_default();
    let most = limits.ignored_exit_codes_max;
    if texts.len() > most {
        let (got, wanted) = (format!("{} of them", texts.len()), format!("at most {most} of them"));
        return Err(policy.error(CODES, &got, &wanted, policy.place(CODES)));
    }
    let mut ignored_exit_codes = Vec::new();
    for text in texts {
        let wrong = || {
            policy.error(
                CODES,
                &format!("`{text}`"),
                "a list of whole numbers",
                policy.place(CODES),
            )
        };
        ignored_exit_codes.push(text.parse().map_err(|_| wrong())?);
    }
    let attempt_period = period.unwrap_or(limits.restart_period);
    Ok(is_enabled.then_some(RestartPolicy { ignored_exit_codes, attempt_period }))
}
