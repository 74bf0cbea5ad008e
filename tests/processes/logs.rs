//! What a function writes, and whose it is.

use std::time::Duration;

use lunch_tests::wait_until;
use serde_json::json;

use super::{SCRIPTED, scripted};

#[test]
fn what_was_written_before_a_request_belongs_to_the_one_before() {
    // However busy the computer is, the instance that is about to ask for more is waited for.
    let gap_wait = Duration::from_secs(60);
    let settings = lunch_cloud::Settings { gap_wait, ..Default::default() };
    let cloud = scripted().settings(settings).start();
    let mut expected = Vec::new();
    for number in 0..50 {
        let (brewed, rinsed) = (format!("brewed {number}"), format!("rinsed {number}"));
        // Written when the answer is out, before more is asked for; the next caller waits already.
        let cup = json!({"do": [{"print": brewed}], "before_next": [{"print": rinsed}]});
        let call = cloud.invoke(SCRIPTED, cup);
        let request = call.expect_ok().request_id().to_owned();
        expected.push((brewed, Some(request.clone())));
        expected.push((rinsed, Some(request)));
    }
    let said = || cloud.logs().into_iter().map(|line| (line.text, line.request_id));
    let said = wait_until("all is written", || {
        let said: Vec<_> = said().collect();
        if said.len() == expected.len() { Ok(said) } else { Err(format!("{} lines", said.len())) }
    });
    assert_eq!(said, expected);
}
