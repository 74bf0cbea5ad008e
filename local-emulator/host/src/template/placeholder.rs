//! What stands in for a resource that is not there: a value of the right shape, the same at every start.
//!
//! The shapes are the "Return values" of each resource's page in CloudFormation's template reference.

/// A resource of which a value is made up.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'a str,
    /// The name that the template gives it.
    pub(super) named: Option<String>,
    /// The function that it is of, by name or ARN, if it is of one.
    pub(super) function: Option<String>,
    /// The cluster that it is in, by name or ARN, if it says so.
    pub(super) cluster: Option<String>,
    pub(super) is_fifo: bool,
    pub(super) region: &'a str,
    pub(super) account: &'a str,
    pub(super) stack: &'a str,
}

/// What `Ref` and `Fn::GetAtt` give of a type of resource. In a shape, `{name}` and the like are filled in.
struct Shape {
    kind: &'static str,
    /// The property that names it.
    name: &'static str,
    reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
}

const fn shape(
    kind: &'static str,
    name: &'static str,
    reference: &'static str,
    attributes: &'static [(&'static str, &'static str)],
) -> Shape {
    Shape { kind, name, reference, attributes }
}

const QUEUE: &str = "https://sqs.{region}.amazonaws.com/{account}/{name}";
const TABLE: &[(&str, &str)] = &[
    ("Arn", "arn:aws:dynamodb:{region}:{account}:table/{name}"),
    (
        "StreamArn",
        "arn:aws:dynamodb:{region}:{account}:table/{name}/stream/2026-01-01T00:00:00.000",
    ),
];
const TOPIC: &str = "arn:aws:sns:{region}:{account}:{name}";
const MACHINE: &str = "arn:aws:states:{region}:{account}:stateMachine:{name}";
const SECRET: &str = "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{id6}";
const LAYER: &str = "arn:aws:lambda:{region}:{account}:layer:{name}:1";
const DEFINITION: &str = "arn:aws:ecs:{region}:{account}:task-definition/{name}:1";
const SERVICE: &str = "arn:aws:ecs:{region}:{account}:service/{cluster}/{name}";
const HTTP_API: &[(&str, &str)] =
    &[("ApiEndpoint", "https://{id10}.execute-api.{region}.amazonaws.com"), ("ApiId", "{id10}")];

/// One row for each type.
const SHAPES: [Shape; 45] = [
    shape(
        "AWS::SQS::Queue",
        "QueueName",
        QUEUE,
        &[
            ("Arn", "arn:aws:sqs:{region}:{account}:{name}"),
            ("QueueUrl", QUEUE),
            ("QueueName", "{name}"),
        ],
    ),
    shape("AWS::SNS::Topic", "TopicName", TOPIC, &[("TopicArn", TOPIC), ("TopicName", "{name}")]),
    shape("AWS::SNS::Subscription", "", "arn:aws:sns:{region}:{account}:{name}:{uuid}", &[]),
    shape("AWS::DynamoDB::Table", "TableName", "{name}", TABLE),
    shape("AWS::DynamoDB::GlobalTable", "TableName", "{name}", TABLE),
    shape("AWS::Serverless::SimpleTable", "TableName", "{name}", TABLE),
    shape(
        "AWS::S3::Bucket",
        "BucketName",
        "{bucket}",
        &[
            ("Arn", "arn:aws:s3:::{bucket}"),
            ("DomainName", "{bucket}.s3.amazonaws.com"),
            ("RegionalDomainName", "{bucket}.s3.{region}.amazonaws.com"),
            ("DualStackDomainName", "{bucket}.s3.dualstack.{region}.amazonaws.com"),
            ("WebsiteURL", "http://{bucket}.s3-website-{region}.amazonaws.com"),
        ],
    ),
    shape(
        "AWS::IAM::Role",
        "RoleName",
        "{name}",
        &[("Arn", "arn:aws:iam::{account}:role/{name}"), ("RoleId", "AROA{ID17}")],
    ),
    shape(
        "AWS::IAM::ManagedPolicy",
        "ManagedPolicyName",
        "arn:aws:iam::{account}:policy/{name}",
        &[],
    ),
    shape("AWS::IAM::User", "UserName", "{name}", &[("Arn", "arn:aws:iam::{account}:user/{name}")]),
    shape(
        "AWS::KMS::Key",
        "",
        "{uuid}",
        &[("Arn", "arn:aws:kms:{region}:{account}:key/{uuid}"), ("KeyId", "{uuid}")],
    ),
    shape("AWS::KMS::Alias", "AliasName", "{name}", &[]),
    shape("AWS::SecretsManager::Secret", "Name", SECRET, &[("Id", SECRET)]),
    shape("AWS::SSM::Parameter", "Name", "{name}", &[]),
    shape(
        "AWS::Logs::LogGroup",
        "LogGroupName",
        "{name}",
        &[("Arn", "arn:aws:logs:{region}:{account}:log-group:{name}:*")],
    ),
    shape(
        "AWS::Events::Rule",
        "Name",
        "{name}",
        &[("Arn", "arn:aws:events:{region}:{account}:rule/{name}")],
    ),
    shape(
        "AWS::Events::EventBus",
        "Name",
        "{name}",
        &[("Arn", "arn:aws:events:{region}:{account}:event-bus/{name}"), ("Name", "{name}")],
    ),
    shape(
        "AWS::Scheduler::Schedule",
        "Name",
        "{name}",
        &[("Arn", "arn:aws:scheduler:{region}:{account}:schedule/default/{name}")],
    ),
    shape(
        "AWS::StepFunctions::StateMachine",
        "StateMachineName",
        MACHINE,
        &[("Arn", MACHINE), ("Name", "{name}")],
    ),
    shape(
        "AWS::Serverless::StateMachine",
        "Name",
        MACHINE,
        &[("Arn", MACHINE), ("Name", "{name}")],
    ),
    shape(
        "AWS::Kinesis::Stream",
        "Name",
        "{name}",
        &[("Arn", "arn:aws:kinesis:{region}:{account}:stream/{name}")],
    ),
    shape(
        "AWS::KinesisFirehose::DeliveryStream",
        "DeliveryStreamName",
        "{name}",
        &[("Arn", "arn:aws:firehose:{region}:{account}:deliverystream/{name}")],
    ),
    shape(
        "AWS::ApiGateway::RestApi",
        "",
        "{id10}",
        &[("RestApiId", "{id10}"), ("RootResourceId", "{id10}")],
    ),
    shape("AWS::Serverless::Api", "", "{id10}", &[("RootResourceId", "{id10}")]),
    shape("AWS::ApiGateway::Stage", "StageName", "{name}", &[]),
    shape("AWS::ApiGatewayV2::Api", "", "{id10}", HTTP_API),
    shape("AWS::Serverless::HttpApi", "", "{id10}", HTTP_API),
    shape("AWS::ApiGatewayV2::Stage", "StageName", "{name}", &[]),
    shape("AWS::Lambda::LayerVersion", "LayerName", LAYER, &[("LayerVersionArn", LAYER)]),
    shape("AWS::Serverless::LayerVersion", "LayerName", LAYER, &[("LayerVersionArn", LAYER)]),
    shape("AWS::Lambda::EventSourceMapping", "", "{uuid}", &[("Id", "{uuid}")]),
    shape(
        "AWS::Lambda::Url",
        "",
        "arn:aws:lambda:{region}:{account}:function:{function}",
        &[("FunctionUrl", "https://{id32}.lambda-url.{region}.on.aws/")],
    ),
    shape(
        "AWS::Lambda::Version",
        "",
        "arn:aws:lambda:{region}:{account}:function:{function}:1",
        &[
            ("Version", "1"),
            ("FunctionArn", "arn:aws:lambda:{region}:{account}:function:{function}:1"),
        ],
    ),
    shape(
        "AWS::Lambda::Alias",
        "Name",
        "arn:aws:lambda:{region}:{account}:function:{function}:{name}",
        &[("AliasArn", "arn:aws:lambda:{region}:{account}:function:{function}:{name}")],
    ),
    shape(
        "AWS::Cognito::UserPool",
        "",
        "{region}_{id9}",
        &[
            ("Arn", "arn:aws:cognito-idp:{region}:{account}:userpool/{region}_{id9}"),
            ("ProviderName", "cognito-idp.{region}.amazonaws.com/{region}_{id9}"),
            ("ProviderURL", "https://cognito-idp.{region}.amazonaws.com/{region}_{id9}"),
        ],
    ),
    shape("AWS::Cognito::UserPoolClient", "", "{id26}", &[("ClientId", "{id26}")]),
    shape("AWS::EC2::VPC", "", "vpc-{hex17}", &[("VpcId", "vpc-{hex17}")]),
    shape("AWS::EC2::Subnet", "", "subnet-{hex17}", &[("SubnetId", "subnet-{hex17}")]),
    shape(
        "AWS::EC2::SecurityGroup",
        "",
        "sg-{hex17}",
        &[("GroupId", "sg-{hex17}"), ("VpcId", "vpc-{hex17}")],
    ),
    shape(
        "AWS::ECS::Cluster",
        "ClusterName",
        "{name}",
        &[("Arn", "arn:aws:ecs:{region}:{account}:cluster/{name}")],
    ),
    shape("AWS::ECS::TaskDefinition", "Family", DEFINITION, &[("TaskDefinitionArn", DEFINITION)]),
    shape(
        "AWS::ECS::Service",
        "ServiceName",
        SERVICE,
        &[("Name", "{name}"), ("ServiceArn", SERVICE)],
    ),
    shape(
        "AWS::ECR::Repository",
        "RepositoryName",
        "{lower}",
        &[
            ("Arn", "arn:aws:ecr:{region}:{account}:repository/{lower}"),
            ("RepositoryUri", "{account}.dkr.ecr.{region}.amazonaws.com/{lower}"),
        ],
    ),
    shape(
        "AWS::RDS::DBCluster",
        "DBClusterIdentifier",
        "{lower}",
        &[
            ("Endpoint.Address", "{lower}.cluster-{id12}.{region}.rds.amazonaws.com"),
            ("Endpoint.Port", "3306"),
        ],
    ),
    shape(
        "AWS::RDS::DBInstance",
        "DBInstanceIdentifier",
        "{lower}",
        &[
            ("Endpoint.Address", "{lower}.{id12}.{region}.rds.amazonaws.com"),
            ("Endpoint.Port", "3306"),
        ],
    ),
];

/// The property by which a template names a resource of this type.
pub(super) fn name_property(kind: &str) -> Option<&'static str> {
    of(kind).map(|shape| shape.name).filter(|name| !name.is_empty())
}

/// The name of the cluster that is named so or by its ARN; the one that AWS takes where none is.
pub(super) fn cluster_name(cluster: Option<&str>) -> &str {
    cluster.map_or("default", |named| named.rsplit('/').next().unwrap_or(named))
}

/// What a resource is called to which the template gives no name; AWS's has some letters more.
pub(super) fn default_name(stack: &str, id: &str) -> String {
    format!("{stack}-{id}")
}

fn of(kind: &str) -> Option<&'static Shape> {
    SHAPES.iter().find(|shape| shape.kind == kind)
}

impl Made<'_> {
    /// In place of what `Ref` gives.
    pub(super) fn reference(&self) -> String {
        self.filled(of(self.kind).map_or("{name}", |shape| shape.reference))
    }

    /// In place of what `Fn::GetAtt` gives; where the type is not known, the attribute's name says what is meant.
    pub(super) fn attribute(&self, attribute: &str) -> String {
        let known = of(self.kind).and_then(|shape| {
            shape.attributes.iter().find(|(name, _)| *name == attribute).map(|(_, shape)| *shape)
        });
        match known {
            Some(shape) => self.filled(shape),
            None if attribute.ends_with("Arn") => {
                let mut words = self.kind.split("::").skip(1).map(str::to_ascii_lowercase);
                let service = words.next().unwrap_or_else(|| "custom".to_owned());
                let kind = words.next().unwrap_or_else(|| "resource".to_owned());
                self.filled(&format!("arn:aws:{service}:{{region}}:{{account}}:{kind}/{{name}}"))
            }
            None => self.filled(&format!("{{name}}.{attribute}")),
        }
    }

    fn name(&self) -> String {
        let name = self.named.clone().unwrap_or_else(|| default_name(self.stack, self.id));
        if self.is_fifo && !name.ends_with(".fifo") { format!("{name}.fifo") } else { name }
    }

    fn filled(&self, shape: &str) -> String {
        let mut filled = String::new();
        let mut rest = shape;
        while let Some((before, (word, after))) =
            rest.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        {
            filled.push_str(before);
            filled.push_str(&self.word(word));
            rest = after;
        }
        filled + rest
    }

    fn word(&self, word: &str) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        const HEX: &[u8] = b"0123456789abcdef";
        match word {
            "name" => self.name(),
            "lower" | "bucket" => self.name().to_ascii_lowercase(),
            "function" => self.function.as_deref().map_or_else(
                || self.id.trim_end_matches("Url").to_owned(),
                |name| name.rsplit_once(":function:").map_or(name, |(_, name)| name).to_owned(),
            ),
            "cluster" => cluster_name(self.cluster.as_deref()).to_owned(),
            "region" => self.region.to_owned(),
            "account" => self.account.to_owned(),
            "uuid" => {
                let hex = self.letters(HEX, 32);
                let [a, b, c, d, e] =
                    [&hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..]];
                format!("{a}-{b}-4{c}-8{d}-{e}")
            }
            "hex17" => self.letters(HEX, 17),
            "ID17" => self.letters(LETTERS, 17).to_ascii_uppercase(),
            id => {
                let length = id.strip_prefix("id").and_then(|length| length.parse().ok());
                self.letters(LETTERS, length.unwrap_or(10))
            }
        }
    }

    /// Characters that look drawn, and are a function of the stack's name and the logical id (FNV-1a).
    fn letters(&self, of: &[u8], count: usize) -> String {
        let bytes = self.stack.bytes().chain([0]).chain(self.id.bytes());
        let mut state = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let next = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = usize::try_from(state >> 40).unwrap_or_default() % of.len();
            char::from(of[index])
        };
        (0..count).map(next).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn made<'a>(id: &'a str, kind: &'a str) -> Made<'a> {
        Made {
            id,
            kind,
            named: None,
            function: None,
            cluster: None,
            is_fifo: false,
            region: "eu-central-2",
            account: "123456789012",
            stack: "street",
        }
    }

    #[test]
    fn every_shape_is_filled_in() {
        for row in &SHAPES {
            let made = made("Thing", row.kind);
            let attributes = row.attributes.iter().map(|(name, _)| made.attribute(name));
            for value in attributes.chain([made.reference()]) {
                assert!(!value.contains(['{', '}']), "{}: {value}", row.kind);
            }
            assert_eq!(
                of(row.kind).map(|row| row.name),
                Some(row.name),
                "{} is there twice",
                row.kind
            );
        }
    }

    #[test]
    fn a_value_that_looks_drawn_is_the_same_every_time_and_differs_by_id() {
        let id = |of| made(of, "AWS::EC2::VPC").reference();
        assert_eq!(id("One"), id("One"));
        assert_ne!(id("One"), id("Two"));
        assert_eq!(id("One").len(), "vpc-0123456789abcdef0".len());
        assert_eq!(made("Key", "AWS::KMS::Key").reference().len(), 36);
    }

    #[test]
    fn a_fifo_queues_name_ends_as_aws_wants_it() {
        let queue = Made { is_fifo: true, ..made("Orders", "AWS::SQS::Queue") };
        assert_eq!(queue.attribute("QueueName"), "street-Orders.fifo");
        let named = Made { named: Some("a.fifo".to_owned()), ..queue };
        assert_eq!(named.attribute("Arn"), "arn:aws:sqs:eu-central-2:123456789012:a.fifo");
    }
}
