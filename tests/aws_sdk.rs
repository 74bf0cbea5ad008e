//! aws-sdk-lambda, the AWS SDK for Rust: `cargo test -p lunch-tests --features aws-sdk --test aws_sdk`.

#[cfg(test)]
mod aws_sdk {
    use aws_sdk_lambda::config::{BehaviorVersion, Credentials, Region, retry::RetryConfig};
    use aws_sdk_lambda::primitives::Blob;
    use aws_sdk_lambda::types::{InvocationType, LogType};
    use aws_sdk_lambda::{Client, Config};
    use lunch_tests::{Builder, Cloud, Gate, program};
    use serde_json::{Value, json};

    const SCRIPTED: &str = "scripted";

    fn scripted() -> Builder {
        Cloud::builder().function(SCRIPTED, program("scripted"))
    }

    fn client(cloud: &Cloud) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("any", "thing", None, None, "tests"))
            .retry_config(RetryConfig::disabled())
            .endpoint_url(cloud.url())
            .build();
        Client::from_conf(config)
    }

    fn payload(script: &Value) -> Blob {
        Blob::new(script.to_string())
    }

    #[tokio::test]
    async fn it_invokes_by_name_and_by_arn() {
        let cloud = scripted().start();
        let arn = "arn:aws:lambda:us-east-1:123456789012:function:scripted";
        for name in [SCRIPTED, arn] {
            let invoke = client(&cloud).invoke().function_name(name);
            let script = payload(&json!({"do": [{"respond": "hello"}]}));
            let answer = invoke.payload(script).log_type(LogType::Tail).send().await.unwrap();
            assert_eq!(answer.status_code(), 200);
            assert_eq!(answer.executed_version(), Some("$LATEST"));
            assert_eq!(answer.payload().unwrap().as_ref(), b"\"hello\"");
            assert!(answer.log_result().is_some());
        }
    }

    #[tokio::test]
    async fn it_is_told_of_a_function_error() {
        let cloud = scripted().start();
        let invoke = client(&cloud).invoke().function_name(SCRIPTED);
        let answer = invoke.payload(payload(&json!({"do": ["abort"]}))).send().await.unwrap();
        assert_eq!(answer.function_error(), Some("Unhandled"));
    }

    #[tokio::test]
    async fn it_hands_over_an_event_and_runs_dry() {
        let cloud = scripted().start();
        for (kind, status) in [(InvocationType::Event, 202), (InvocationType::DryRun, 204)] {
            let invoke = client(&cloud).invoke().function_name(SCRIPTED).invocation_type(kind);
            assert_eq!(
                invoke.payload(payload(&json!({}))).send().await.unwrap().status_code(),
                status
            );
        }
    }

    #[tokio::test]
    async fn it_lists_and_describes_functions() {
        let cloud = scripted().start();
        let list = client(&cloud).list_functions().send().await.unwrap();
        assert_eq!(list.functions()[0].function_name(), Some(SCRIPTED));
        let one = client(&cloud).get_function().function_name(SCRIPTED).send().await.unwrap();
        assert_eq!(one.configuration().unwrap().timeout(), Some(3));
    }

    #[tokio::test]
    async fn its_errors_are_of_their_own_types() {
        let cloud = scripted().reserved(1).start();
        let nobody = client(&cloud).invoke().function_name("nobody").send().await.unwrap_err();
        assert!(nobody.into_service_error().is_resource_not_found_exception());
        let invalid = client(&cloud).invoke().function_name(SCRIPTED).payload(Blob::new("{oops"));
        let invalid = invalid.send().await.unwrap_err().into_service_error();
        assert!(invalid.is_invalid_request_content_exception());
        let gate = Gate::shut();
        let call = cloud.begin(SCRIPTED, json!({"do": [gate.step()]}));
        let visitor = gate.visitor();
        let refused = client(&cloud).invoke().function_name(SCRIPTED).send().await.unwrap_err();
        assert!(refused.into_service_error().is_too_many_requests_exception());
        visitor.pass();
        call.wait().expect_ok();
    }
}
