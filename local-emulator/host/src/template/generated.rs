//! The resources that SAM makes beside those of a template, by the logical ids that SAM gives them.
//!
//! Source: "Generated CloudFormation resources" of the SAM developer guide, and what aws-sam-translator 1.115 makes.

use super::node::Node;
use super::resolve::is_function;

/// The type of the resource of this logical id, if SAM makes one.
pub(super) fn kind(root: &Node, id: &str) -> Option<&'static str> {
    let resources = root.get("Resources").map_or(&[][..], Node::entries);
    match id {
        "ServerlessRestApi" if has_event(root, "Api") => return Some("AWS::ApiGateway::RestApi"),
        "ServerlessRestApiProdStage" if has_event(root, "Api") => {
            return Some("AWS::ApiGateway::Stage");
        }
        "ServerlessHttpApi" if has_event(root, "HttpApi") => return Some("AWS::ApiGatewayV2::Api"),
        "ServerlessHttpApiApiGatewayDefaultStage" if has_event(root, "HttpApi") => {
            return Some("AWS::ApiGatewayV2::Stage");
        }
        _ => {}
    }
    resources.iter().find_map(|(owner, resource)| {
        let rest = id.strip_prefix(owner.as_str()).filter(|rest| !rest.is_empty())?;
        match resource.kind()? {
            "AWS::Serverless::Function" => of_function(root, resource, rest),
            "AWS::Serverless::StateMachine" => (rest == "Role").then_some("AWS::IAM::Role"),
            "AWS::Serverless::Api" => match rest {
                ".Stage" => Some("AWS::ApiGateway::Stage"),
                ".Deployment" => Some("AWS::ApiGateway::Deployment"),
                rest => rest.ends_with("Stage").then_some("AWS::ApiGateway::Stage"),
            },
            "AWS::Serverless::HttpApi" => match rest {
                ".Stage" | "ApiGatewayDefaultStage" => Some("AWS::ApiGatewayV2::Stage"),
                rest => rest.ends_with("Stage").then_some("AWS::ApiGatewayV2::Stage"),
            },
            _ => None,
        }
    })
}

/// The `AutoPublishAlias` of a function.
pub(super) fn alias<'a>(root: &'a Node, resource: &'a Node) -> Option<&'a Node> {
    property(root, resource, "AutoPublishAlias")
}

/// The function whose `AutoPublishAlias` has this logical id.
pub(super) fn owner_of_alias<'a>(root: &'a Node, id: &str) -> Option<&'a str> {
    let resources = root.get("Resources").map_or(&[][..], Node::entries);
    let is_owner = |(owner, resource): &&(String, Node)| {
        let name = id.strip_prefix(owner.as_str()).and_then(|rest| rest.strip_prefix("Alias"));
        name.is_some() && alias(root, resource).and_then(Node::text) == name
    };
    resources.iter().find(is_owner).map(|(owner, _)| owner.as_str())
}

fn of_function(root: &Node, resource: &Node, rest: &str) -> Option<&'static str> {
    match rest {
        "Role" if property(root, resource, "Role").is_none() => return Some("AWS::IAM::Role"),
        "Url" if property(root, resource, "FunctionUrlConfig").is_some() => {
            return Some("AWS::Lambda::Url");
        }
        "UrlPublicPermissions" | "URLInvokeAllowPublicAccess"
            if property(root, resource, "FunctionUrlConfig").is_some() =>
        {
            return Some("AWS::Lambda::Permission");
        }
        _ => {}
    }
    let events = property(root, resource, "Events")?;
    let (_, event) = events.entries().iter().find(|(name, _)| name == rest)?;
    match event.kind()? {
        "SQS" | "Kinesis" | "DynamoDB" | "DocumentDB" | "MSK" | "MQ" | "SelfManagedKafka" => {
            Some("AWS::Lambda::EventSourceMapping")
        }
        "Schedule" | "EventBridgeRule" | "CloudWatchEvent" => Some("AWS::Events::Rule"),
        "ScheduleV2" => Some("AWS::Scheduler::Schedule"),
        "SNS" => Some("AWS::SNS::Subscription"),
        "IoTRule" => Some("AWS::IoT::TopicRule"),
        _ => None,
    }
}

/// A property of a function, its own or that of all functions.
fn property<'a>(root: &'a Node, resource: &'a Node, name: &str) -> Option<&'a Node> {
    let is_sam = resource.kind() == Some("AWS::Serverless::Function");
    let own = resource.get("Properties").and_then(|all| all.get(name));
    let globals = || root.get("Globals")?.get("Function")?.get(name);
    own.or_else(|| if is_sam { globals() } else { None })
}

/// Whether a function has an event of that type.
fn has_event(root: &Node, kind: &str) -> bool {
    let resources = root.get("Resources").map_or(&[][..], Node::entries);
    let functions = resources.iter().map(|(_, node)| node).filter(|node| is_function(node));
    functions
        .filter_map(|node| property(root, node, "Events"))
        .flat_map(Node::entries)
        .any(|(_, event)| event.kind() == Some(kind))
}
