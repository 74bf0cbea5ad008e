//! The Extensions API byte for byte: what an internal extension reads. Facts 2.1.

use std::cell::RefCell;
use std::rc::Rc;

use lunch_contract::Exit;
use lunch_host::Config;

use crate::street::{Answer, Client, coffee, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";
const REGISTER: &str = "/2020-01-01/extension/register";
const EVENT: &str = "/2020-01-01/extension/event/next";
const INVOKES: &str = r#"{"events":["INVOKE"]}"#;

/// What an extension heard.
type Heard = Rc<RefCell<Vec<Answer>>>;

/// Has those calls made before the runtime asks for its first event.
fn heard(say: impl AsyncFn(&mut Client) -> Vec<Answer> + Clone + 'static) -> Vec<Answer> {
    let heard = Heard::default();
    let kept = Rc::clone(&heard);
    let program = program(move |started| {
        let (say, heard) = (say.clone(), Rc::clone(&kept));
        async move {
            let answers = say(&mut started.runtime_api().await).await;
            // A second process says the same again.
            *heard.borrow_mut() = answers;
            Exit::Code(1)
        }
    });
    let mut config = Config::new(vec![coffee()]);
    config.account = "111111111111".into();
    with_cloud(config, program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
    });
    heard.take()
}

fn line(answer: &Answer) -> String {
    format!("{} {} {}", answer.status.as_u16(), answer.header("content-type"), answer.text())
}

#[test]
fn who_registers_is_told_of_the_function_and_who_asks_of_the_account() {
    let heard = heard(async |api| {
        let plain = [("lambda-extension-name", "ledger")];
        let curious = [
            ("lambda-extension-name", "till"),
            ("lambda-extension-accept-feature", "other, accountId"),
        ];
        let plain = api.call("POST", REGISTER, &plain, INVOKES).await;
        vec![plain, api.call("POST", REGISTER, &curious, r#"{"events":[]}"#).await]
    });
    let function = r#""functionName":"coffee","functionVersion":"$LATEST","handler":"bootstrap"}"#;
    assert_eq!(line(&heard[0]), format!("200 application/json {{{function}\n"));
    let account = format!("200 application/json {{\"accountId\":\"111111111111\",{function}\n");
    assert_eq!(line(&heard[1]), account);
    for answer in &heard[..2] {
        assert_eq!(answer.header("lambda-extension-identifier").len(), 36);
    }
}

/// The line of a refusal.
fn refusal(error_type: &str, message: &str) -> String {
    format!(
        "403 application/json {{\"errorMessage\":\"{message}\",\"errorType\":\"Extension.{error_type}\"}}\n"
    )
}

#[test]
fn who_does_not_register_as_it_should_is_refused_in_awss_words() {
    let heard = heard(async |api| {
        let ledger = [("lambda-extension-name", "ledger")];
        let mut answers = vec![api.call("POST", REGISTER, &[], INVOKES).await];
        for body in [r#"{"events":["INVOKE","SHUTDOWN"]}"#, r#"{"events":["LUNCH"]}"#] {
            answers.push(api.call("POST", REGISTER, &ledger, body).await);
        }
        answers.push(api.call("POST", REGISTER, &ledger, "no JSON").await);
        for _ in 0..2 {
            answers.push(api.call("POST", REGISTER, &ledger, INVOKES).await);
        }
        answers
    });
    let for_internal = "SHUTDOWN: ShutdownEventNotSupportedForInternalExtension";
    assert_eq!(line(&heard[0]), refusal("InvalidExtensionName", "Empty extension name"));
    assert_eq!(line(&heard[1]), refusal("InvalidEventType", for_internal));
    assert_eq!(line(&heard[2]), refusal("InvalidEventType", "LUNCH: ErrorInvalidEventType"));
    assert_eq!(heard[3].status, 403);
    assert_eq!(heard[3].json()["errorType"], "InvalidRequestFormat");
    assert_eq!(heard[4].status, 200, "nothing was half done");
    let twice = "Extension with this name already registered";
    assert_eq!(line(&heard[5]), refusal("InvalidExtensionState", twice));
}

#[test]
fn who_is_no_extension_is_refused_in_awss_words() {
    const MADE_UP: &str = "8f507cfc-0000-4697-b07a-ac58fc914c95";
    const FAILS: &str = "/2020-01-01/extension/init/error";
    let heard = heard(async |api| {
        let identified = |identifier| [("lambda-extension-identifier", identifier)];
        let failed = [
            ("lambda-extension-identifier", MADE_UP),
            ("lambda-extension-function-error-type", "Ledger.Full"),
        ];
        vec![
            api.call("GET", EVENT, &[], "").await,
            api.call("POST", FAILS, &[], "").await,
            api.call("GET", EVENT, &identified("8f507cfc-xmpl"), "").await,
            api.call("POST", FAILS, &identified("8f507cfc-xmpl"), "").await,
            api.call("GET", EVENT, &identified(MADE_UP), "").await,
            api.call("POST", FAILS, &identified(MADE_UP), "").await,
            api.call("POST", FAILS, &failed, "").await,
        ]
    });
    let missing =
        refusal("MissingExtensionIdentifier", "Missing Lambda-Extension-Identifier header");
    let invalid = refusal("InvalidExtensionIdentifier", "Invalid Lambda-Extension-Identifier");
    let expected = [
        missing.clone(),
        missing,
        invalid.clone(),
        invalid,
        refusal("UnknownExtensionIdentifier", &format!("Unknown extension {MADE_UP}")),
        refusal("MissingHeader", "Lambda-Extension-Function-Error-Type not found"),
        refusal("UnknownExtensionIdentifier", "Unknown Lambda-Extension-Identifier"),
    ];
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), expected);
}

#[test]
fn an_extension_that_fails_is_heard() {
    let heard = heard(async |api| {
        let ledger = [("lambda-extension-name", "ledger")];
        let registered = api.call("POST", REGISTER, &ledger, INVOKES).await;
        let identifier = registered.header("lambda-extension-identifier").to_owned();
        let headers = [
            ("lambda-extension-identifier", identifier.as_str()),
            ("lambda-extension-function-error-type", "Ledger.Full"),
        ];
        let mut answers = Vec::new();
        for what in ["init", "exit"] {
            let path = format!("/2020-01-01/extension/{what}/error");
            answers.push(api.call("POST", &path, &headers, "{}").await);
        }
        answers
    });
    let accepted = "202 application/json {\"status\":\"OK\"}\n";
    assert_eq!(heard.iter().map(line).collect::<Vec<_>>(), [accepted; 2]);
}

#[test]
fn an_invocation_is_told_without_its_payload() {
    let events = Rc::new(RefCell::new(None));
    let kept = Rc::clone(&events);
    let program = program(move |started| {
        let kept = Rc::clone(&kept);
        async move {
            let (mut extension, mut api) =
                (started.runtime_api().await, started.runtime_api().await);
            let ledger = [("lambda-extension-name", "ledger")];
            let registered = extension.call("POST", REGISTER, &ledger, INVOKES).await;
            let identifier = registered.header("lambda-extension-identifier");
            let known = [("lambda-extension-identifier", identifier)];
            let both = tokio::join!(
                extension.call("GET", EVENT, &known, ""),
                api.call("GET", NEXT, &[], "")
            );
            let late = extension.call("POST", REGISTER, &[("lambda-extension-name", "b")], INVOKES);
            *kept.borrow_mut() = Some((both.0, both.1, late.await));
            Exit::Code(0)
        }
    });
    with_cloud(Config::new(vec![coffee()]), program, |mut client, _| async move {
        client.call("POST", INVOKE, &[], "\"payload\"").await;
    });
    let (event, invocation, late) = events.take().expect("it was called");
    let of = |name| invocation.header(name);
    let expected = format!(
        r#"{{"eventType":"INVOKE","deadlineMs":{},"requestId":"{}","invokedFunctionArn":"{}","tracing":{{"type":"X-Amzn-Trace-Id","value":"{}"}}}}"#,
        of("lambda-runtime-deadline-ms"),
        of("lambda-runtime-aws-request-id"),
        of("lambda-runtime-invoked-function-arn"),
        of("lambda-runtime-trace-id"),
    );
    assert_eq!(line(&event), format!("200 application/json {expected}"));
    assert_eq!(event.header("lambda-extension-event-identifier").len(), 36);
    assert_eq!(
        line(&late),
        "403 application/json {\"errorMessage\":\"Extension registration closed already\",\"errorType\":\"Extension.RegistrationClosed\"}\n"
    );
}
