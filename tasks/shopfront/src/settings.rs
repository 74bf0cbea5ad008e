//! Where the queues are and how long things may take: all of it out of variables, all of it checked at the start.

use std::net::SocketAddr;
use std::time::Duration;

use menu::Shop;
use thiserror::Error;

/// What `0.0.0.0:8080` in a task definition's port mapping expects.
const LISTEN: &str = "0.0.0.0:8080";
/// What ECS waits between SIGTERM and SIGKILL if a container says nothing else.
const STOP_TIMEOUT_S: u64 = 30;
/// The longest that Fargate waits.
const STOP_TIMEOUT_S_MAX: u64 = 120;
const VISIBILITY_TIMEOUT_S: u64 = 30;
/// The longest that SQS takes: 12 hours.
const VISIBILITY_TIMEOUT_S_MAX: u64 = 43_200;
/// The longest that SQS waits for a message.
const WAIT_TIME_S: u64 = 20;

/// How a shop faces the street.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whose front it is.
    pub shop: Shop,
    /// `ORDERS_QUEUE_URL`: where the customers wait.
    pub orders_url: String,
    /// `DEAD_LETTERS_QUEUE_URL`: where broken orders go, with their reason.
    pub dead_letters_url: String,
    /// `RECEIPTS_QUEUE_URL`: where receipts go whose order names no queue of its own.
    pub receipts_url: String,
    /// `LISTEN`: the address of the shop's door, `0.0.0.0:8080` if nothing is said.
    pub listen: SocketAddr,
    /// `STOP_TIMEOUT_S`: how long after SIGTERM the shop has to be gone; whole seconds, 30 if nothing is said, as in ECS.
    pub stop_timeout: Duration,
    /// `VISIBILITY_TIMEOUT_S`: how long after the death of a shop its orders come out of the queue again; whole seconds, 30 if
    /// nothing is said. An order in hand is renewed three times as often.
    pub visibility: Duration,
    /// `WAIT_TIME_S`: how long one look into the queue waits for customers; whole seconds, 20 if nothing is said.
    pub wait: Duration,
}

/// A variable that no shop can be opened with.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Absurd {
    /// It has to be there.
    #[error("the variable `{0}` is missing\n(the task definition has to set it)")]
    Missing(&'static str),
    /// It is there, and makes no sense.
    #[error("the variable `{name}` is `{value}`\n({expected})")]
    Value {
        /// Which.
        name: &'static str,
        /// What it says.
        value: String,
        /// What it has to be.
        expected: String,
    },
}

impl Settings {
    /// Reads them from variables, such as this process's: `|name| env::var(name).ok()`. An empty variable is none.
    ///
    /// # Errors
    /// If one is missing or absurd.
    pub fn from(
        shop: Shop,
        variable: impl Fn(&'static str) -> Option<String>,
    ) -> Result<Self, Absurd> {
        let queue = |name| queue_url(name, &variable);
        let seconds = |name, usual, least, most| {
            whole(name, &variable, usual, least, most).map(Duration::from_secs)
        };
        Ok(Self {
            shop,
            orders_url: queue("ORDERS_QUEUE_URL")?,
            dead_letters_url: queue("DEAD_LETTERS_QUEUE_URL")?,
            receipts_url: queue("RECEIPTS_QUEUE_URL")?,
            listen: listen(&variable)?,
            stop_timeout: seconds("STOP_TIMEOUT_S", STOP_TIMEOUT_S, 1, STOP_TIMEOUT_S_MAX)?,
            visibility: seconds(
                "VISIBILITY_TIMEOUT_S",
                VISIBILITY_TIMEOUT_S,
                1,
                VISIBILITY_TIMEOUT_S_MAX,
            )?,
            wait: seconds("WAIT_TIME_S", WAIT_TIME_S, 1, WAIT_TIME_S)?,
        })
    }
}

/// A variable's text; an empty one is none.
fn text(name: &'static str, variable: &impl Fn(&'static str) -> Option<String>) -> Option<String> {
    variable(name).filter(|value| !value.is_empty())
}

fn queue_url(
    name: &'static str,
    variable: &impl Fn(&'static str) -> Option<String>,
) -> Result<String, Absurd> {
    let value = text(name, variable).ok_or(Absurd::Missing(name))?;
    if value.starts_with("http://") || value.starts_with("https://") {
        return Ok(value);
    }
    Err(Absurd::Value { name, value, expected: "it has to be the URL of a queue".to_owned() })
}

/// Where the shop's door is.
pub(crate) fn listen(
    variable: &impl Fn(&'static str) -> Option<String>,
) -> Result<SocketAddr, Absurd> {
    let value = text("LISTEN", variable).unwrap_or_else(|| LISTEN.to_owned());
    value.parse().map_err(|_| Absurd::Value {
        name: "LISTEN",
        value,
        expected: format!("it has to be an address and a port, such as `{LISTEN}`"),
    })
}

/// A variable that is a whole number between two others; `usual` where there is none. For a shop's own settings, too.
///
/// # Errors
/// If it is no such number.
pub fn whole(
    name: &'static str,
    variable: &impl Fn(&'static str) -> Option<String>,
    usual: u64,
    least: u64,
    most: u64,
) -> Result<u64, Absurd> {
    let Some(value) = text(name, variable) else { return Ok(usual) };
    match value.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(Absurd::Value {
            name,
            value,
            expected: format!("it has to be a whole number from {least} to {most}"),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUEUES: [(&str, &str); 3] = [
        ("ORDERS_QUEUE_URL", "http://127.0.0.1:9000/1/orders"),
        ("DEAD_LETTERS_QUEUE_URL", "http://127.0.0.1:9000/1/dead"),
        ("RECEIPTS_QUEUE_URL", "http://127.0.0.1:9000/1/receipts.fifo"),
    ];

    fn settings_of(more: &[(&str, &str)]) -> Result<Settings, Absurd> {
        let all: Vec<_> = more.iter().chain(&QUEUES).collect();
        Settings::from(Shop::Burger, |name| {
            all.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_queues_are_enough() {
        let settings = settings_of(&[]).expect("all is there");
        assert_eq!(settings.listen.to_string(), "0.0.0.0:8080");
        assert_eq!(settings.stop_timeout, Duration::from_secs(30));
        assert_eq!(settings.visibility, Duration::from_secs(30));
        assert_eq!(settings.wait, Duration::from_secs(20));
    }

    #[test]
    fn a_queue_that_is_missing_is_told_by_name() {
        for (name, _) in QUEUES {
            let error = settings_of(&[(name, "")]).expect_err("it is needed");
            assert_eq!(error, Absurd::Missing(name));
        }
    }

    #[test]
    fn an_absurd_value_is_refused_with_a_sentence() {
        for (name, value) in [
            ("ORDERS_QUEUE_URL", "orders"),
            ("LISTEN", "8080"),
            ("STOP_TIMEOUT_S", "0"),
            ("STOP_TIMEOUT_S", "121"),
            ("VISIBILITY_TIMEOUT_S", "-1"),
            ("VISIBILITY_TIMEOUT_S", "43201"),
            ("WAIT_TIME_S", "21"),
            ("WAIT_TIME_S", "soon"),
        ] {
            let error = settings_of(&[(name, value)]).expect_err("it is absurd").to_string();
            assert!(
                error.starts_with(&format!("the variable `{name}` is `{value}`\n(it has to be"))
            );
        }
    }
}
