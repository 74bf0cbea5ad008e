use hyper::Request;
use serde_json::{Value, json};

use super::*;

fn of(uri: &str, headers: &[(&str, &str)], body: &[u8], signed_for: Option<&str>) -> Value {
    let mut request = Request::builder().method("POST").uri(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let event = event(&Asked {
        head: &head,
        body,
        path: head.uri.path(),
        id: "abc",
        domain: "abc.lambda-url.eu-west-1.localhost",
        peer: "::ffff:127.0.0.1".parse().unwrap(),
        port: 9000,
        request_id: "7c2b",
        trace_id: "Root=1-5e6b4a90",
        wall: Duration::from_millis(1_584_039_838_390),
        signed_for,
    });
    serde_json::from_slice(&event).unwrap()
}

#[test]
fn a_request_is_payload_format_2_0() {
    let headers = [
        ("Host", "abc.lambda-url.eu-west-1.localhost:9000"),
        ("User-Agent", "agent"),
        ("X-Many", "One"),
        ("x-many", "two"),
        ("Cookie", "c1=v1; c2=v2"),
        ("Cookie", "c3=v3"),
        ("Content-Type", "application/json"),
        ("X-Forwarded-For", "6.6.6.6"),
    ];
    assert_eq!(
        of("/my/path?a=1&a=2&b=x%20y", &headers, br#"{"a": 1}"#, None),
        json!({
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": "/my/path",
            "rawQueryString": "a=1&a=2&b=x%20y",
            "cookies": ["c1=v1", "c2=v2", "c3=v3"],
            "headers": {
                "content-type": "application/json",
                "host": "abc.lambda-url.eu-west-1.localhost:9000",
                "user-agent": "agent",
                "x-amzn-trace-id": "Root=1-5e6b4a90",
                "x-forwarded-for": "127.0.0.1",
                "x-forwarded-port": "9000",
                "x-forwarded-proto": "http",
                "x-many": "One,two",
            },
            "queryStringParameters": {"a": "1,2", "b": "x y"},
            "requestContext": {
                "accountId": "anonymous",
                "apiId": "abc",
                "domainName": "abc.lambda-url.eu-west-1.localhost",
                "domainPrefix": "abc",
                "http": {
                    "method": "POST",
                    "path": "/my/path",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "agent",
                },
                "requestId": "7c2b",
                "routeKey": "$default",
                "stage": "$default",
                "time": "12/Mar/2020:19:03:58 +0000",
                "timeEpoch": 1_584_039_838_390_u64,
            },
            "body": "{\"a\": 1}",
            "isBase64Encoded": false,
        })
    );
}

#[test]
fn a_path_is_kept_as_it_was_sent_and_what_is_not_there_is_left_out() {
    let event = of("/pa2%Fth/1?", &[], b"", None);
    assert_eq!((&event["rawPath"], &event["rawQueryString"]), (&"/pa2%Fth/1".into(), &"".into()));
    for member in ["cookies", "queryStringParameters", "body"] {
        assert_eq!(event.get(member), None, "{member}");
    }
    assert_eq!(event["isBase64Encoded"], false);
    assert_eq!(of("*", &[], b"", None)["rawPath"], "/");
    let event = of("/?a+b=%26&flag&%ff=x&&=", &[], b"", None);
    let fields = json!({"a b": "&", "flag": "", "\u{fffd}": "x", "": ""});
    assert_eq!(event["queryStringParameters"], fields);
}

#[test]
fn a_body_is_text_or_base64_by_its_type() {
    let text = [
        "text/plain",
        "TEXT/html; charset=utf-8",
        "application/json",
        "application/xml",
        "application/javascript;x=y",
    ];
    let bytes = [
        "multipart/form-data; boundary=b",
        "application/x-www-form-urlencoded",
        "application/octet-stream",
        "image/png",
        "",
    ];
    for (kinds, is_base64) in [(&text, false), (&bytes, true)] {
        for kind in kinds {
            let event = of("/", &[("content-type", kind)], b"a=1", None);
            let body = if is_base64 { "YT0x" } else { "a=1" };
            let found = (&event["body"], &event["isBase64Encoded"]);
            assert_eq!(found, (&body.into(), &is_base64.into()), "{kind}");
        }
    }
    let plain = ("content-type", "text/plain");
    let zipped = of("/", &[plain, ("content-encoding", "gzip")], b"a=1", None);
    assert_eq!(zipped["isBase64Encoded"], true);
    assert_eq!(of("/", &[plain], b"\xff", None)["body"], "/w==", "no text, whatever it says");
    assert_eq!(of("/", &[], b"a=1", None)["isBase64Encoded"], true);
}

#[test]
fn who_signs_is_the_account_itself() {
    let header = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/lambda/aws4_request, SignedHeaders=host, Signature=x";
    for (uri, headers) in [
        ("/", &[("authorization", header)][..]),
        ("/?X-Amz-Credential=AKIDEXAMPLE%2F20150830&X-Amz-Signature=x", &[]),
    ] {
        let context = &of(uri, headers, b"", Some("123456789012"))["requestContext"];
        assert_eq!(context["accountId"], "123456789012");
        assert_eq!(
            context["authorizer"]["iam"],
            json!({
                "accessKey": "AKIDEXAMPLE",
                "accountId": "123456789012",
                "callerId": "123456789012",
                "cognitoIdentity": null,
                "principalOrgId": null,
                "userArn": "arn:aws:iam::123456789012:root",
                "userId": "123456789012",
            })
        );
    }
}
