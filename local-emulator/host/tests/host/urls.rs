//! Function URLs, over real sockets, with tasks for processes. Facts 8.

use hyper::StatusCode;
use lunch_contract::Exit;
use lunch_host::wire::Ps;
use lunch_host::{
    AliasTarget, Config, Cors, FunctionUrl, Host, Published, ServedFunction, UrlAuth,
};
use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::street::{Answer, Client, Fake, Program, coffee, echo, program, with_cloud};

const NEXT: &str = "/2018-06-01/runtime/invocation/next";

fn with_url(url: FunctionUrl) -> ServedFunction {
    ServedFunction { urls: vec![url], ..coffee() }
}

fn config(url: FunctionUrl) -> Config {
    Config::new(vec![with_url(url), ServedFunction::new("tea", "/tea/bootstrap")])
}

/// The host name of coffee's URL, as a browser would send it.
fn host() -> String {
    format!("{}:9000", FunctionUrl::default().domain("coffee", "us-east-1"))
}

/// Returns what the request's body says; at `/error` it is an error.
fn parrot() -> Program {
    program(|started| async move {
        let mut api = started.runtime_api().await;
        while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let event = event.json();
            let end = if event["rawPath"] == "/error" { "error" } else { "response" };
            let path = format!("/2018-06-01/runtime/invocation/{id}/{end}");
            let body = event["body"].as_str().unwrap_or_default().replace("REQUEST", &id);
            if api.try_call("POST", &path, &[], body).await.is_err() {
                break;
            }
        }
        Exit::Code(0)
    })
}

async fn says(client: &mut Client, path: &str, returned: &str) -> Answer {
    let host = host();
    let headers = [("host", host.as_str()), ("content-type", "text/plain")];
    client.call("POST", path, &headers, returned.to_owned()).await
}

async fn served(client: &mut Client) -> u64 {
    let ps: Ps = serde_json::from_value(client.call("GET", "/_lunch/ps", &[], "").await.json())
        .expect("it is of this form");
    ps.functions.iter().map(|function| u64::from(function.instances)).sum()
}

#[test]
fn a_function_is_called_by_its_urls_host_and_by_path() {
    with_cloud(config(FunctionUrl::default()), echo(), |mut client, _| async move {
        let host = host();
        let id = FunctionUrl::default().id("coffee");
        let headers = [("host", host.as_str()), ("cookie", "a=1"), ("x-amzn-trace-id", "Root=1-a")];
        let by_host = client.call("GET", "/menu/a%20b?x=1&x=2", &headers, "").await;
        assert_eq!(by_host.status, StatusCode::OK);
        assert_eq!(by_host.header("content-type"), "application/json");
        assert_eq!(by_host.header("content-security-policy"), "");
        let event = by_host.json();
        assert_eq!(event["rawPath"], "/menu/a%20b");
        assert_eq!(event["queryStringParameters"], json!({"x": "1,2"}));
        assert_eq!(event["cookies"], json!(["a=1"]));
        assert_eq!(event["headers"]["x-amzn-trace-id"], "Root=1-a");
        assert_eq!(event["headers"]["host"], host.as_str());
        let context = &event["requestContext"];
        assert_eq!(context["requestId"], by_host.header("x-amzn-requestid"));
        assert_eq!(context["apiId"], id.as_str());
        assert_eq!(context["domainName"], format!("{id}.lambda-url.us-east-1.localhost"));
        assert_eq!(context["http"]["sourceIp"], "127.0.0.1");
        let year = context["time"].as_str().expect("a time").split(['/', ':']).nth(2);
        let epoch = context["timeEpoch"].as_u64().expect("a number");
        assert!(year.is_some_and(|year| year.len() == 4) && epoch > 1_700_000_000_000, "{context}");

        let by_path = client.call("GET", "/lambda-url/coffee/menu?x=1", &[], "").await;
        assert_eq!(by_path.header("content-security-policy"), "sandbox");
        let event = by_path.json();
        assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&json!("/menu"), &json!("x=1")));
        assert_eq!(event["requestContext"]["apiId"], id.as_str());
        for path in ["/lambda-url/coffee", "/lambda-url/tea/"] {
            let answer = client.call("GET", path, &[], "").await;
            assert_eq!(answer.json()["rawPath"], "/", "{path}");
        }
        let nobody = client.call("GET", "/lambda-url/soup/", &[], "").await;
        assert_eq!(nobody.status, StatusCode::NOT_FOUND);
        assert!(nobody.text().contains("`coffee`, `tea`"), "{}", nobody.text());
    });
}

#[test]
fn what_a_function_returns_is_what_its_url_answers() {
    with_cloud(config(FunctionUrl::default()), parrot(), |mut client, _| async move {
        let plain = says(&mut client, "/", r#""hello""#).await;
        assert_eq!((plain.status, plain.text()), (StatusCode::OK, "hello"));
        assert_eq!(plain.header("x-lunch-start"), "cold");
        assert_eq!(plain.header("x-lunch-instance"), "i-0000");

        let whole = r#"{"statusCode": 418, "headers": {"content-type": "text/html", "x-id": "REQUEST", "connection": "close", "content-length": "9"}, "cookies": ["a=1", "b=2"], "body": "PGI+", "isBase64Encoded": true}"#;
        let whole = says(&mut client, "/", whole).await;
        assert_eq!((whole.status.as_u16(), whole.text()), (418, "<b>"));
        assert_eq!(whole.header("content-type"), "text/html");
        assert_eq!(whole.header("x-id"), whole.header("x-amzn-requestid"), "it is the function's");
        assert_eq!(whole.header("content-length"), "3");
        let cookies: Vec<_> = whole.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies, ["a=1", "b=2"]);

        for malformed in [
            r#"{"statusCode": "many"}"#,
            r#"{"statusCode": 101}"#,
            r#"{"statusCode": 200, "headers": {"a": "b\nc"}}"#,
            "no json",
        ] {
            let answer = says(&mut client, "/", malformed).await;
            let found = (answer.status, answer.text());
            assert_eq!(found, (StatusCode::BAD_GATEWAY, "Internal Server Error"), "{malformed}");
            assert_ne!(answer.header("x-lunch-malformed"), "", "{malformed}");
        }
        let error = says(&mut client, "/error", r#"{"errorType": "E"}"#).await;
        assert_eq!(
            (error.status, error.text()),
            (StatusCode::BAD_GATEWAY, "Internal Server Error")
        );
        assert_eq!(error.header("x-lunch-start"), "warm");

        let host = host();
        let head = client.call("HEAD", "/", &[("host", &host)], "").await;
        assert_eq!((head.status, head.text()), (StatusCode::BAD_GATEWAY, ""), "no body, no JSON");
        let large = client.call("POST", "/", &[("host", &host)], vec![b'x'; 6_291_457]).await;
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        let as_base64 = client.call("POST", "/", &[("host", &host)], vec![b'x'; 5_000_000]).await;
        assert_eq!(as_base64.status, StatusCode::PAYLOAD_TOO_LARGE, "the event is larger still");
        assert_eq!(says(&mut client, "/", "3").await.text(), "3");
    });
}

#[test]
fn a_head_has_the_headers_of_a_get() {
    with_cloud(config(FunctionUrl::default()), echo(), |mut client, _| async move {
        let host = host();
        let head = client.call("HEAD", "/", &[("host", &host)], "").await;
        assert_eq!((head.status, head.text()), (StatusCode::OK, ""));
        assert_eq!(head.header("content-type"), "application/json");
        assert_ne!(head.header("content-length"), "0");
    });
}

#[test]
fn a_url_of_a_throttled_function_says_429() {
    let function = ServedFunction { reserved: Some(0), ..with_url(FunctionUrl::default()) };
    with_cloud(Config::new(vec![function]), echo(), |mut client, _| async move {
        let answer = says(&mut client, "/", "1").await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("x-amzn-errortype"), "TooManyRequestsException");
    });
}

#[test]
fn a_urls_host_reaches_its_function_and_nothing_else() {
    with_cloud(config(FunctionUrl::default()), echo(), |mut client, _| async move {
        let host = host();
        for path in [
            "/2015-03-31/functions/tea/invocations",
            "/2015-03-31/functions/",
            "/_lunch/info",
            "/_lunch/evict",
            "/lambda-url/tea/",
            "/2021-10-31/functions/coffee/urls",
        ] {
            for method in ["GET", "POST"] {
                let answer = client.call(method, path, &[("host", &host)], "").await;
                assert_eq!(answer.json()["rawPath"], path, "coffee was called, and only with it");
            }
        }
        let sqs = [
            ("host", host.as_str()),
            ("x-amz-target", "AmazonSQS.ListQueues"),
            ("content-type", "application/x-amz-json-1.0"),
        ];
        assert_eq!(client.call("POST", "/", &sqs, "{}").await.json()["version"], "2.0");
        let tea = FunctionUrl::default().domain("tea", "us-east-1");
        for nobody in ["abc.lambda-url.us-east-1.localhost", "abc.lambda-url.localhost:9", &tea] {
            let answer = client.call("GET", "/_lunch/info", &[("host", nobody)], "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{nobody}");
            assert_eq!(answer.header("x-amzn-errortype"), "AccessDeniedException");
            assert!(answer.text().starts_with(r#"{"Message":"Forbidden. For troubleshooting"#));
        }
    });
}

#[test]
fn a_page_of_another_origin_calls_a_url_by_its_host_and_never_by_path() {
    with_cloud(config(FunctionUrl::default()), echo(), |mut client, _| async move {
        let (host, origin) = (host(), ("origin", "https://a.example"));
        let by_host = client.call("POST", "/", &[("host", &host), origin], "").await;
        assert_eq!(by_host.status, StatusCode::OK);
        assert_eq!(
            by_host.header("access-control-allow-origin"),
            "",
            "the function says it or nobody"
        );
        let headers = [("host", host.as_str()), origin, ("access-control-request-method", "PUT")];
        let asked = client.call("OPTIONS", "/", &headers, "").await;
        assert_eq!(asked.json()["requestContext"]["http"]["method"], "OPTIONS");
        let null = ("origin", "null");
        let site = ("sec-fetch-site", "cross-site");
        for stranger in [origin, null, site] {
            for path in ["/lambda-url/coffee/", "/_lunch/info"] {
                let answer = client.call("GET", path, &[stranger], "").await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            }
        }
    });
}

#[test]
fn a_url_answers_who_asks_first_and_says_who_may_read() {
    let cors = Cors {
        origins: vec!["https://a.example".into()],
        methods: vec!["PUT".into()],
        max_age_s: Some(60),
        ..Cors::default()
    };
    let url = FunctionUrl { cors: Some(cors), ..FunctionUrl::default() };
    with_cloud(config(url), parrot(), |mut client, _| async move {
        let host = host();
        let asked = |origin| {
            [("host", host.as_str()), ("origin", origin), ("access-control-request-method", "PUT")]
        };
        let may = client.call("OPTIONS", "/", &asked("https://a.example"), "").await;
        assert_eq!((may.status, may.text()), (StatusCode::OK, ""));
        assert_eq!(may.header("access-control-allow-origin"), "https://a.example");
        assert_eq!(may.header("access-control-allow-methods"), "PUT");
        assert_eq!(may.header("access-control-max-age"), "60");
        let may_not = client.call("OPTIONS", "/", &asked("https://b.example"), "").await;
        assert_eq!(may_not.header("access-control-allow-origin"), "");
        assert_eq!(served(&mut client).await, 0, "nobody was called");

        let headers = [("host", host.as_str()), ("origin", "https://a.example")];
        let refused = client.call("PUT", "/", &headers, "no json").await;
        assert_eq!(refused.status, StatusCode::BAD_GATEWAY);
        assert_eq!(refused.header("access-control-allow-origin"), "https://a.example");
        let headers = [("host", host.as_str()), ("origin", "https://b.example")];
        let other = client.call("PUT", "/", &headers, "no json").await;
        assert_eq!(
            other.header("access-control-allow-origin"),
            "",
            "called, and kept from the page"
        );
    });
}

#[test]
fn a_url_with_iam_wants_a_signature_and_no_strangers_page() {
    let url = FunctionUrl { auth: UrlAuth::AwsIam, ..FunctionUrl::default() };
    with_cloud(config(url), echo(), |mut client, _| async move {
        let host = host();
        let host = ("host", host.as_str());
        for path in ["/", "/?X-Amz-Date=x"] {
            let answer = client.call("GET", path, &[host], "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
            assert!(answer.text().contains("urls-auth.html"), "{}", answer.text());
        }
        let by_path = client.call("GET", "/lambda-url/coffee/", &[], "").await;
        assert_eq!(by_path.status, StatusCode::FORBIDDEN);
        let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=AKID/2026/x, Signature=y");
        let answer = client.call("GET", "/", &[host, signed], "").await.json();
        assert_eq!(answer["requestContext"]["authorizer"]["iam"]["accessKey"], "AKID");
        assert_eq!(answer["requestContext"]["accountId"], "123456789012");
        let presigned = client.call("GET", "/?X-Amz-Signature=y", &[host], "").await;
        assert_eq!(presigned.status, StatusCode::OK);
        for stranger in [("origin", "https://a.example"), ("sec-fetch-site", "cross-site")] {
            let answer = client.call("GET", "/?X-Amz-Signature=y", &[host, stranger], "").await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN);
            assert!(answer.text().contains("Cors.AllowOrigins"), "{}", answer.text());
        }
    });
}

#[test]
fn the_urls_of_a_function_are_told() {
    let live = FunctionUrl {
        qualifier: Some("live".into()),
        auth: UrlAuth::AwsIam,
        ..FunctionUrl::default()
    };
    let cors = Cors { origins: vec!["*".into()], ..Cors::default() };
    let latest = FunctionUrl { cors: Some(cors), ..FunctionUrl::default() };
    let aliases = [("live".to_owned(), AliasTarget::Newest)].into();
    let published = Published { versions: true, aliases };
    let function = ServedFunction { urls: vec![latest, live.clone()], published, ..coffee() };
    let functions = vec![function, ServedFunction::new("tea", "/tea/bootstrap")];
    with_cloud(Config::new(functions), echo(), move |mut client, _| async move {
        const OF_COFFEE: &str = "/2021-10-31/functions/coffee/url";
        let one = client.call("GET", OF_COFFEE, &[], "").await.json();
        assert_eq!(one["AuthType"], "NONE");
        assert_eq!(one["InvokeMode"], "BUFFERED");
        assert_eq!(one["FunctionArn"], "arn:aws:lambda:us-east-1:123456789012:function:coffee");
        assert_eq!(one["Cors"], json!({"AllowCredentials": false, "AllowOrigins": ["*"]}));
        let url = one["FunctionUrl"].as_str().expect("a URL");
        let path = url.strip_prefix(&format!("http://{}", client.address())).expect("the door's");
        assert_eq!(client.call("GET", path, &[], "").await.json()["rawPath"], "/");

        let of_live = client.call("GET", &format!("{OF_COFFEE}?Qualifier=live"), &[], "").await;
        let of_live = of_live.json();
        assert_eq!(of_live["AuthType"], "AWS_IAM");
        assert!(of_live["FunctionArn"].as_str().is_some_and(|arn| arn.ends_with(":coffee:live")));
        let all = client.call("GET", &format!("{OF_COFFEE}s"), &[], "").await.json();
        assert_eq!(all["FunctionUrlConfigs"].as_array().map(Vec::len), Some(2));
        let host = live.domain("coffee", "us-east-1");
        let headers = [("host", host.as_str()), ("authorization", "x")];
        assert_eq!(client.call("GET", "/", &headers, "").await.status, StatusCode::OK);

        let none = client.call("GET", "/2021-10-31/functions/tea/url", &[], "").await;
        assert_eq!(none.status, StatusCode::NOT_FOUND);
        assert_eq!(none.header("x-amzn-errortype"), "ResourceNotFoundException");
    });
}

#[test]
fn a_functions_variables_have_urls_that_work() {
    let told = program(|started| async move {
        let mut api = started.runtime_api().await;
        while let Ok(event) = api.try_call("GET", NEXT, &[], "").await {
            let id = event.header("lambda-runtime-aws-request-id").to_owned();
            let path = format!("/2018-06-01/runtime/invocation/{id}/response");
            let body = Value::from(started.environment["TEA"].clone()).to_string();
            if api.try_call("POST", &path, &[], body).await.is_err() {
                break;
            }
        }
        Exit::Code(0)
    });
    let mut function = coffee();
    // As a template has it, before it is known where the door listens.
    let unbound = "http://127.0.0.1:0/lambda-url/tea/".to_owned();
    function.variables.insert("TEA".into(), unbound);
    let functions = vec![function, ServedFunction::new("tea", "/tea/bootstrap")];
    with_cloud(Config::new(functions), told, |mut client, _| async move {
        let answer = client.call("GET", "/lambda-url/coffee/", &[], "").await;
        assert_eq!(answer.text(), format!("http://{}/lambda-url/tea/", client.address()));
    });
}

#[test]
fn another_url_makes_no_new_revision() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let host = Host::start(Config::new(vec![coffee()]), Box::new(Fake::new(echo())));
        let host = host.expect("it starts");
        let mut client = Client::connect(&host.addresses()[0].to_string()).await;
        assert_eq!(says(&mut client, "/", "1").await.status, StatusCode::FORBIDDEN);
        let deploy =
            |function| host.deploy(Config::new(vec![function])).expect("it can be served").0;
        assert_eq!(deploy(with_url(FunctionUrl::default())), []);
        assert_eq!(says(&mut client, "/", "1").await.status, StatusCode::OK);
        assert_eq!(deploy(coffee()), []);
        assert_eq!(says(&mut client, "/", "1").await.status, StatusCode::FORBIDDEN);
        assert_eq!(host.shut_down().await, Vec::<String>::new(), "no fault");
    });
}
