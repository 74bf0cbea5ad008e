//! The journal of a real run, told again: the same commands come of it.

use lunch_cloud::Settings;
use lunch_cloud::journal::{Entry, Header, Replay};
use lunch_host::{Config, Host};
use tokio::task::LocalSet;

use crate::street::{Client, Fake, coffee, echo};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";

#[test]
fn a_run_of_the_host_replays_to_the_same_commands() {
    let path = std::env::temp_dir().join(format!("lunch-journal-{}.jsonl", std::process::id()));
    let settings = Settings { seed: 7, ..Settings::default() };
    let config = Config {
        settings: settings.clone(),
        journal: Some(path.clone()),
        ..Config::new(vec![coffee()])
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async move {
        let host = Host::start(config, Box::new(Fake::new(echo()))).expect("it starts");
        let address = host.addresses()[0].to_string();
        let (mut one, mut other) =
            (Client::connect(&address).await, Client::connect(&address).await);
        for _ in 0..20 {
            tokio::join!(one.call("POST", INVOKE, &[], "1"), other.call("POST", INVOKE, &[], "2"));
        }
        one.call("POST", "/_lunch/advance", &[], r#"{"ms": 1200000}"#).await;
        one.call("POST", INVOKE, &[], "3").await;
        assert_eq!(host.shut_down().await, Vec::<String>::new(), "no fault");
    });

    let text = std::fs::read_to_string(&path).expect("it was written");
    std::fs::remove_file(&path).expect("it is there");
    let (header, entries) = text.split_once('\n').expect("there are lines");
    let header: Header = serde_json::from_str(header).expect("a header");
    assert_eq!(header.settings, settings);
    let mut replay = Replay::new(header.settings, ());
    for line in entries.lines() {
        let entry: Entry = serde_json::from_str(line).expect("an entry");
        replay.step(&entry).expect("the same commands");
    }
    assert!(replay.entries() > 41 * 4, "each call is told in four events: {}", replay.entries());
    assert_eq!(replay.cloud().instances().count(), 0, "all were ended at the end");
}
