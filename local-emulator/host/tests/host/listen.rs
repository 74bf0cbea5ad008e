//! What a cloud does not start with, and which sentence says so.

use lunch_host::{Config, Host, Listen, ServedFunction, StartError};
use tokio::task::LocalSet;

use crate::street::{Fake, coffee, echo};

/// Why a cloud of that configuration does not start.
fn refused(config: Config) -> StartError {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async move {
        Host::start(config, Box::new(Fake::new(echo()))).expect_err("it does not start")
    })
}

#[test]
fn a_port_that_is_taken_is_named() {
    let other = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = other.local_addr().expect("bound").port();
    let config = Config { listen: Listen::loopback(port), ..Config::new(vec![coffee()]) };
    assert_eq!(
        refused(config).to_string(),
        format!(
            "port `{port}` of `127.0.0.1` is taken\n(stop whoever listens there, or choose another by `--port`)"
        )
    );
}

#[test]
fn two_functions_of_one_name_are_refused() {
    let sentence = refused(Config::new(vec![coffee(), coffee()])).to_string();
    assert!(sentence.starts_with("two functions are called `coffee`"), "{sentence}");
}

#[test]
fn a_function_that_reserves_more_than_there_is_is_refused() {
    let function = ServedFunction { reserved: Some(901), ..coffee() };
    let sentence = refused(Config::new(vec![function])).to_string();
    assert!(sentence.starts_with("`coffee` reserves `901`"), "{sentence}");
}

#[test]
fn a_journal_that_cannot_be_written_is_refused_before_anything_runs() {
    let journal = Some("/nowhere/at/all.jsonl".into());
    let sentence = refused(Config { journal, ..Config::new(vec![coffee()]) }).to_string();
    assert_eq!(sentence, "cannot write the journal `/nowhere/at/all.jsonl`");
}
