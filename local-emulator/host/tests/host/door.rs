//! The front door, over real sockets: statuses, headers and bodies, with tasks for processes.

use std::rc::Rc;

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::wire::{Advanced, AnsweredRequest, Info, LogKind, LogLine, Ps};
use lunch_host::{Config, ServedFunction, Signal};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::street::{Client, Program, coffee, echo, program, with_cloud};

const INVOKE: &str = "/2015-03-31/functions/coffee/invocations";
const NEXT: &str = "/2018-06-01/runtime/invocation/next";

fn config() -> Config {
    Config::new(vec![coffee()])
}

#[test]
fn an_answer_says_who_served_it_and_what_that_cost() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let cold = client.call("POST", INVOKE, &[], r#"{"a": 1}"#).await;
        assert_eq!((cold.status, cold.text()), (StatusCode::OK, r#"{"a": 1}"#));
        assert_eq!(cold.header("x-amz-executed-version"), "$LATEST");
        assert_eq!(cold.header("x-amzn-requestid").len(), 36);
        assert!(cold.header("x-amzn-trace-id").starts_with("Root=1-"));
        assert_eq!(cold.header("x-lunch-instance"), "i-0000");
        assert_eq!(cold.header("x-lunch-start"), "cold");
        assert_eq!(cold.header("x-lunch-cause"), "first");
        cold.header("x-lunch-init-ms").parse::<f64>().expect("milliseconds");
        assert_eq!(cold.header("x-lunch-init-modelled-ms"), "0.000");

        let warm = client.call("POST", INVOKE, &[], "").await;
        assert_eq!(warm.text(), "{}", "an empty payload is an empty object");
        assert_eq!(warm.header("x-lunch-start"), "warm");
        assert_eq!(warm.header("x-lunch-instance"), "i-0000");
        assert_eq!(warm.header("x-lunch-cause"), "");
        assert_eq!(warm.header("x-lunch-init-ms"), "");
    });
}

#[test]
fn a_function_is_found_by_every_spelling_of_its_name() {
    let mut function = coffee();
    function.logical_id = "CoffeeFunction".into();
    function.binary = Some("barista".into());
    with_cloud(Config::new(vec![function]), echo(), |mut client, _| async move {
        for name in [
            "coffee",
            "CoffeeFunction",
            "barista",
            "_",
            "coffee:$LATEST",
            "coffee:%24LATEST",
            "123456789012:coffee",
            "123456789012:function:coffee",
            "arn:aws:lambda:us-east-1:123456789012:function:coffee",
            "arn%3Aaws%3Alambda%3Aeu-west-3%3A123456789012%3Afunction%3Acoffee",
        ] {
            let path = format!("/2015-03-31/functions/{name}/invocations");
            assert_eq!(client.call("POST", &path, &[], "1").await.text(), "1", "{name}");
        }
    });
}

#[test]
fn an_unknown_function_is_aws_s_404_with_a_hint_of_ours() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let answer = client.call("POST", "/2015-03-31/functions/tea/invocations", &[], "1").await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert_eq!(answer.header("x-amzn-errortype"), "ResourceNotFoundException");
        assert_eq!(
            answer.text(),
            r#"{"Type":"User","Message":"Function not found: arn:aws:lambda:us-east-1:123456789012:function:tea:$LATEST","Hint":"there is `coffee`"}"#
        );
        let live = format!("{INVOKE}?Qualifier=live");
        let answer = client.call("POST", &live, &[], "1").await;
        assert!(answer.text().contains("function:coffee:live"), "{}", answer.text());
    });
}

#[test]
fn concurrency_is_reserved_and_given_back_while_it_runs() {
    const PUT: &str = "/2017-10-31/functions/coffee/concurrency";
    const GET: &str = "/2019-09-30/functions/coffee/concurrency";
    with_cloud(config(), echo(), |mut client, _| async move {
        let none = client.call("PUT", PUT, &[], r#"{"ReservedConcurrentExecutions": 0}"#).await;
        assert_eq!(
            (none.status, none.text()),
            (StatusCode::OK, r#"{"ReservedConcurrentExecutions":0}"#)
        );
        let refused = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        for (body, why) in [
            (r#"{"ReservedConcurrentExecutions": 901}"#, "below its minimum value of [100]."),
            (r#"{"ReservedConcurrentExecutions": -1}"#, "greater than or equal to 0"),
            (r#"{"ReservedConcurrentExecutions": "many"}"#, "greater than or equal to 0"),
            ("{}", "must not be null"),
            ("oops", "must not be null"),
        ] {
            let answer = client.call("PUT", PUT, &[], body).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{body}");
            assert!(answer.text().contains(why), "{}", answer.text());
        }
        let kept = client.call("GET", GET, &[], "").await;
        assert_eq!(kept.text(), r#"{"ReservedConcurrentExecutions":0}"#, "nothing was half done");
        let given_back = client.call("DELETE", PUT, &[], "").await;
        assert_eq!((given_back.status, given_back.text()), (StatusCode::NO_CONTENT, ""));
        assert_eq!(client.call("GET", GET, &[], "").await.text(), "{}");
        assert_eq!(client.call("POST", INVOKE, &[], "1").await.text(), "1");
        let unknown = client.call("GET", &GET.replace("coffee", "tea"), &[], "").await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn whoever_asks_who_he_is_is_the_account() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let form = [("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        let asked = "Action=GetCallerIdentity&Version=2011-06-15";
        let answer = client.call("POST", "/", &form, asked).await;
        assert_eq!((answer.status, answer.header("content-type")), (StatusCode::OK, "text/xml"));
        let arn = "<Arn>arn:aws:iam::123456789012:root</Arn>";
        assert!(answer.text().contains(arn), "{}", answer.text());
        let answer = client.call("POST", "/", &form, "Action=Assume%3CRole").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(answer.text().contains("<Code>InvalidAction</Code>"), "{}", answer.text());
        assert!(answer.text().contains("`Assume&lt;Role`"), "{}", answer.text());
        let answer = client.call("POST", "/", &[], asked).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "it is no form");
    });
}

#[test]
fn a_payload_that_is_not_json_is_refused_with_its_place() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "{\"a\": oops}").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.header("x-amzn-errortype"), "InvalidRequestContentException");
        assert!(answer.text().contains("Unexpected character ('o' (code 111))"));
        assert!(answer.text().contains("line: 1, column: 7"), "{}", answer.text());
    });
}

#[test]
fn a_payload_is_taken_up_to_the_limit_and_not_above() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let json = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 2));
        let answer = client.call("POST", INVOKE, &[], json(6_291_456)).await;
        assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 6_291_456));
        let answer = client.call("POST", INVOKE, &[], json(6_291_457)).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(answer.header("x-amzn-errortype"), "RequestEntityTooLargeException");
        assert_eq!(
            answer.json()["message"],
            "6291457 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"
        );
    });
}

#[test]
fn an_event_is_accepted_and_a_dry_run_runs_nothing() {
    with_cloud(config(), echo(), |mut client, _| async move {
        let dry = [("x-amz-invocation-type", "DryRun")];
        let answer = client.call("POST", INVOKE, &dry, "1").await;
        assert_eq!((answer.status, answer.text()), (StatusCode::NO_CONTENT, ""));
        let event = [("x-amz-invocation-type", "Event")];
        let answer = client.call("POST", INVOKE, &event, "1").await;
        assert_eq!((answer.status, answer.text()), (StatusCode::ACCEPTED, ""));
        let odd = [("x-amz-invocation-type", "Later")];
        let answer = client.call("POST", INVOKE, &odd, "1").await;
        assert_eq!(answer.header("x-amzn-errortype"), "ValidationException");

        let answer = client.call("POST", "/_lunch/advance", &[], r#"{"ms": 0}"#).await;
        assert_eq!(answer.status, StatusCode::OK, "the event's invocation has ended then");
        let answered = client.call("GET", "/_lunch/requests", &[], "").await;
        let lines: Vec<AnsweredRequest> = answered
            .text()
            .lines()
            .map(|line| serde_json::from_str(line).expect("our own type"))
            .collect();
        assert_eq!(lines.len(), 1, "the dry run left nothing behind");
    });
}

#[test]
fn a_foreign_host_and_a_foreign_page_are_refused() {
    with_cloud(config(), echo(), |mut client, _| async move {
        for headers in [
            [("host", "evil.example"), ("x-a", "b")],
            [("host", "localhost"), ("origin", "http://evil.example")],
        ] {
            for path in [INVOKE, "/_lunch/evict"] {
                let answer = client.call("POST", path, &headers, "{}").await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
                assert_eq!(answer.header("x-amzn-errortype"), "AccessDeniedException");
            }
        }
        let info: Info =
            serde_json::from_slice(&client.call("GET", "/_lunch/info", &[], "").await.body)
                .expect("our own type");
        assert_eq!(info.functions.len(), 1);
        let answer = client.call("GET", "/2015-03-31/functions", &[], "").await;
        assert_eq!(answer.json()["Functions"][0]["FunctionName"], "coffee");
    });
}

#[test]
fn what_is_not_served_is_said_in_aws_s_form() {
    with_cloud(config(), echo(), |mut client, _| async move {
        for path in ["/", "/2015-03-31/functions/coffee/policy", "/2021-11-15/functions/coffee/x"] {
            let answer = client.call("GET", path, &[], "").await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
            assert_eq!(answer.header("x-amzn-errortype"), "UnknownOperationException");
            assert!(answer.text().contains("is not served by this cloud"), "{}", answer.text());
            for call in
                ["ListTags", "GetAccountSettings", "DeleteFunctionConcurrency", "GetLogEvents"]
            {
                assert!(answer.text().contains(call), "{path}: {call}: {}", answer.text());
            }
            assert!(answer.text().contains("of STS GetCallerIdentity"), "{}", answer.text());
        }
    });
}

#[test]
fn versions_and_aliases_are_listed_page_by_page_and_by_version() {
    use lunch_host::{AliasTarget, Published};
    let aliases = [("live", AliasTarget::Newest), ("next", AliasTarget::Latest)];
    let aliases = aliases.map(|(name, target)| (name.to_owned(), target)).into();
    let function = ServedFunction { published: Published { versions: true, aliases }, ..coffee() };
    with_cloud(Config::new(vec![function]), echo(), |mut client, _| async move {
        const ONE: &str = "/2015-03-31/functions/coffee";
        let first = client.call("GET", &format!("{ONE}/versions?MaxItems=1"), &[], "").await.json();
        assert_eq!(
            (&first["Versions"][0]["Version"], &first["NextMarker"]),
            (&"$LATEST".into(), &"1".into())
        );
        let path = format!("{ONE}/versions?MaxItems=1&Marker=1");
        let second = client.call("GET", &path, &[], "").await.json();
        assert_eq!(second["Versions"][0]["Version"], "1");
        assert_eq!(second.get("NextMarker"), None);
        let path = format!("{ONE}/aliases?MaxItems=1");
        assert_eq!(client.call("GET", &path, &[], "").await.json()["NextMarker"], "1");
        let path = format!("{ONE}/aliases?FunctionVersion=1");
        let of_one = client.call("GET", &path, &[], "").await.json();
        assert_eq!(of_one["Aliases"].as_array().map(Vec::len), Some(1));
        assert_eq!(of_one["Aliases"][0]["Name"], "live");

        let path = format!("{ONE}:1?Qualifier=live");
        let answer = client.call("GET", &path, &[], "").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.header("x-amzn-errortype"), "InvalidParameterValueException");
        assert!(
            answer.text().contains("does not match the specified qualifier."),
            "{}",
            answer.text()
        );
        let answer = client.call("POST", &format!("{INVOKE}?Qualifier=a%20b"), &[], "1").await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert_eq!(answer.header("x-amzn-errortype"), "ValidationException");
    });
}

#[test]
fn what_is_asked_of_a_list_that_there_is_not_is_refused() {
    with_cloud(config(), echo(), |mut client, _| async move {
        for (query, member) in [
            ("FunctionVersion=1", "functionVersion"),
            ("MaxItems=0", "maxItems"),
            ("Marker=later", "marker"),
        ] {
            let path = format!("/2015-03-31/functions/?{query}");
            let answer = client.call("GET", &path, &[], "").await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST);
            assert_eq!(answer.header("x-amzn-errortype"), "ValidationException");
            assert!(answer.text().contains(&format!("at '{member}'")), "{}", answer.text());
        }
        let all = client.call("GET", "/2015-03-31/functions/?FunctionVersion=ALL", &[], "").await;
        assert_eq!(all.json()["Functions"][0]["Version"], "$LATEST");
    });
}

#[test]
fn the_tail_of_the_log_holds_the_functions_lines_and_the_report() {
    use base64::Engine as _;
    let chatty = program(|mut started| async move {
        use std::io::Write as _;
        let mut api = started.runtime_api().await;
        loop {
            let Ok(event) = api.try_call("GET", NEXT, &[], "").await else { return Exit::Code(0) };
            started.output.write_all(b"grinding\nbrewing\n").expect("somebody reads");
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            api.call("POST", &path, &[], "1").await;
        }
    });
    with_cloud(config(), chatty, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[("x-amz-log-type", "Tail")], "1").await;
        let id = answer.header("x-amzn-requestid");
        let tail = base64::prelude::BASE64_STANDARD
            .decode(answer.header("x-amz-log-result"))
            .expect("it is base64");
        let tail = String::from_utf8(tail).expect("it is text");
        let begins = format!(
            "START RequestId: {id} Version: $LATEST\ngrinding\nbrewing\nEND RequestId: {id}\nREPORT RequestId: {id}\tDuration: "
        );
        assert!(tail.starts_with(&begins), "{tail}");
        assert!(tail.contains("\tInit Duration: "), "{tail}");
    });
}

/// Its first output has no end of line; the second has.
fn mumbling() -> Program {
    program(|mut started| async move {
        use std::io::Write as _;
        let mut api = started.runtime_api().await;
        for said in ["brewing", "grinding\n"] {
            let event = api.call("GET", NEXT, &[], "").await;
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            started.output.write_all(said.as_bytes()).expect("somebody reads");
            if event.text() == "\"for ever\"" {
                std::future::pending::<()>().await;
            }
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            api.call("POST", &path, &[], "1").await;
        }
        Exit::Code(0)
    })
}

#[test]
fn what_an_invocation_left_without_an_end_is_a_line_of_its_own() {
    with_cloud(config(), mumbling(), |mut client, _| async move {
        client.call("POST", INVOKE, &[], "1").await;
        client.call("POST", INVOKE, &[], "2").await;
        until_at(&mut client, "/_lunch/logs", "grinding").await;
        let logs = client.call("GET", "/_lunch/logs", &[], "").await;
        let texts: Vec<_> = (logs.text().lines())
            .map(|line| serde_json::from_str::<LogLine>(line).expect("our own type"))
            .filter(|line| line.kind == LogKind::Function)
            .map(|line| line.text)
            .collect();
        assert_eq!(texts, ["brewing", "grinding"]);
    });
}

#[test]
fn the_last_line_of_who_ran_too_long_needs_no_end() {
    let mut function = coffee();
    function.timeout = std::time::Duration::from_millis(100);
    with_cloud(Config::new(vec![function]), mumbling(), |mut client, _| async move {
        client.call("POST", INVOKE, &[], "\"for ever\"").await;
        let answered = client.call("GET", "/_lunch/requests", &[], "").await;
        let answered: AnsweredRequest =
            serde_json::from_slice(answered.body.trim_ascii()).expect("our own type");
        assert_eq!(answered.last_line.as_deref(), Some("brewing"));
    });
}

#[test]
fn idle_instances_are_frozen_thawed_and_reclaimed_when_time_is_let_pass() {
    with_cloud(config(), echo(), |mut client, fake| async move {
        client.call("POST", INVOKE, &[], "1").await;
        let answer = client.call("POST", "/_lunch/advance", &[], r#"{"ms": 60000}"#).await;
        let advanced: Advanced = serde_json::from_slice(&answer.body).expect("our own type");
        assert!((59_000..=60_000).contains(&advanced.by_ms), "{}", advanced.by_ms);
        let warm = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(warm.header("x-lunch-start"), "warm");
        let kinds: Vec<_> = fake.signals().into_iter().map(|(_, signal)| signal).collect();
        assert_eq!(kinds, [Signal::Freeze, Signal::Thaw]);

        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 700000}"#).await;
        let ps: Ps = serde_json::from_slice(&client.call("GET", "/_lunch/ps", &[], "").await.body)
            .expect("our own type");
        assert_eq!(ps.instances, []);
        let cold = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(cold.header("x-lunch-cause"), "after-retirement(function-idle)");
    });
}

#[test]
fn a_caller_who_leaves_is_noted_and_the_function_goes_on() {
    let gate = Rc::new(Notify::new());
    let held = Rc::clone(&gate);
    let program = program(move |started| {
        let held = Rc::clone(&held);
        async move {
            let mut api = started.runtime_api().await;
            while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
                if event.text() == "1" {
                    held.notified().await;
                }
                let id = event.header("lambda-runtime-aws-request-id");
                let path = format!("/2018-06-01/runtime/invocation/{id}/response");
                assert_eq!(api.call("POST", &path, &[], "2").await.status, StatusCode::ACCEPTED);
            }
            Exit::Code(0)
        }
    });
    with_cloud(config(), program, |mut client, _| async move {
        let info = client.call("GET", "/_lunch/info", &[], "").await;
        let info: Info = serde_json::from_slice(&info.body).expect("our own type");
        let address = format!("127.0.0.1:{}", info.port);
        let mut stream = TcpStream::connect(&address).await.expect("it listens");
        let request =
            format!("POST {INVOKE} HTTP/1.1\r\nhost: {address}\r\ncontent-length: 1\r\n\r\n1");
        stream.write_all(request.as_bytes()).await.expect("sent");
        until(&mut client, "\"started\"").await;
        drop(stream);
        until(&mut client, "\"caller_left\"").await;
        gate.notify_one();
        client.call("POST", "/_lunch/advance", &[], r#"{"ms": 1}"#).await;
        let answer = client.call("POST", INVOKE, &[], "2").await;
        assert_eq!(answer.header("x-lunch-start"), "warm", "the first one went on to its end");
    });
}

/// Looks at the timeline until it has that.
async fn until(client: &mut Client, text: &str) {
    until_at(client, "/_lunch/timeline", text).await;
}

/// Looks there until it has that.
async fn until_at(client: &mut Client, path: &str, text: &str) {
    let look = async { while !client.call("GET", path, &[], "").await.text().contains(text) {} };
    let bound = std::time::Duration::from_secs(10);
    tokio::time::timeout(bound, look).await.unwrap_or_else(|_| panic!("no {text} in 10 s"));
}

#[test]
fn a_function_that_runs_too_long_is_ended_at_its_deadline_and_never_before() {
    let stuck = program(|started| async move {
        let mut api = started.runtime_api().await;
        let event = api.call("GET", NEXT, &[], "").await;
        let deadline = event.header("lambda-runtime-deadline-ms").parse::<u128>();
        let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970").as_millis();
        let left = deadline.expect("a number") - now;
        assert!((30..=51).contains(&left), "{left} ms are left of 50");
        std::future::pending().await
    });
    let function = ServedFunction { timeout: std::time::Duration::from_millis(50), ..coffee() };
    with_cloud(Config::new(vec![function]), stuck, |mut client, fake| async move {
        for start in ["cold", "reinitialized"] {
            let began = std::time::Instant::now();
            let answer = client.call("POST", INVOKE, &[], "1").await;
            assert!(began.elapsed().as_millis() >= 50);
            assert_eq!(answer.header("x-lunch-start"), start);
            let message = answer.json()["errorMessage"].to_string();
            assert!(message.contains("Task timed out after 0.05 seconds"), "{message}");
        }
        let kills = fake.signals().into_iter().filter(|(_, signal)| *signal == Signal::Kill);
        assert_eq!(kills.count(), 2);
    });
}

#[test]
fn an_init_error_is_tried_again_and_then_told_to_the_caller() {
    let program = program(|started| async move {
        let mut api = started.runtime_api().await;
        let body = format!(r#"{{"errorType":"Init","errorMessage":"{}"}}"#, started.process);
        let answer = api.call("POST", "/2018-06-01/runtime/init/error", &[], body).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        Exit::Code(1)
    });
    with_cloud(config(), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        assert_eq!(answer.header("x-amz-function-error"), "Unhandled");
        assert_eq!(answer.text(), r#"{"errorType":"Init","errorMessage":"i-0000/1"}"#);
    });
}

#[test]
fn the_environment_is_built_of_aws_s_variables_the_files_and_the_template() {
    let program = program(|started| async move {
        let mut api = started.runtime_api().await;
        let event = api.call("GET", NEXT, &[], "").await;
        let id = event.header("lambda-runtime-aws-request-id").to_owned();
        let path = format!("/2018-06-01/runtime/invocation/{id}/response");
        let body = serde_json::to_vec(&started.environment).expect("texts");
        api.call("POST", &path, &[], body).await;
        assert_eq!(started.process.spawn, 0);
        Exit::Code(0)
    });
    let mut function = coffee();
    function.variables.insert("STREET".into(), "Lime Street".into());
    with_cloud(Config::new(vec![function]), program, |mut client, _| async move {
        let answer = client.call("POST", INVOKE, &[], "1").await;
        let environment = answer.json();
        assert_eq!(environment["STREET"], "Lime Street");
        let endpoint = environment["AWS_ENDPOINT_URL"].as_str().unwrap_or_default();
        assert!(endpoint.starts_with("http://127.0.0.1:"), "{endpoint}");
        assert_eq!(environment["AWS_LAMBDA_FUNCTION_NAME"], "coffee");
        assert_eq!(environment.get("HOME"), None, "nothing comes from the test's own environment");
    });
}
