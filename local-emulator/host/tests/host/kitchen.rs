//! A cloud whose containers are played by the test, and who calls ECS there.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use lunch_contract::Exit;
use lunch_host::build::ContainerPrograms;
use lunch_host::tasks::{Secrets, Tasks};
use lunch_host::template::{Options, read};
use lunch_host::{Config, Host, Launch, Peak, ProcessName, Processes, Report, Signal};
use serde_json::{Value, json};
use tokio::task::LocalSet;

use crate::street::{Answer, Client};

/// Containers that run until they are asked to end.
#[derive(Default)]
struct Kitchen {
    launches: Vec<Launched>,
    reports: VecDeque<Report>,
    waker: Option<Waker>,
}

struct Launched {
    arguments: Vec<String>,
    environment: BTreeMap<String, String>,
}

#[derive(Clone, Default)]
pub(crate) struct Shared(Rc<RefCell<Kitchen>>);

impl Shared {
    fn report(&self, report: Report) {
        let mut kitchen = self.0.borrow_mut();
        kitchen.reports.push_back(report);
        if let Some(waker) = kitchen.waker.take() {
            waker.wake();
        }
    }

    /// The arguments of the last container that was started, and a variable of it.
    pub(crate) fn last(&self, variable: &str) -> (Vec<String>, Option<String>) {
        let kitchen = self.0.borrow();
        let last = kitchen.launches.last().expect("one was started");
        (last.arguments.clone(), last.environment.get(variable).cloned())
    }
}

impl Processes for Shared {
    fn spawn(&mut self, launch: Launch) {
        let environment = launch.environment.into_iter().collect();
        let launched = Launched { arguments: launch.arguments, environment };
        self.0.borrow_mut().launches.push(launched);
        let (process, isolation) = (launch.process, "none".to_owned());
        self.report(Report::Started { process, pid: 4_242, isolation });
    }

    fn signal(&mut self, process: ProcessName, signal: Signal) {
        let exit = if signal == Signal::Kill { Exit::Signal(9) } else { Exit::Code(0) };
        self.report(Report::Exited { process, exit, peak: Peak::default() });
    }

    fn poll_report(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        let mut kitchen = self.0.borrow_mut();
        match kitchen.reports.pop_front() {
            Some(report) => Poll::Ready(report),
            None => {
                kitchen.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// A template with one service of one container, `grill`.
fn config(name: &str) -> Config {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.yaml"));
    let text = r#"
Resources:
  Street: {Type: AWS::ECS::Cluster, Properties: {ClusterName: street}}
  Kitchen:
    Type: AWS::ECS::TaskDefinition
    Metadata: {Lunch: {Containers: {grill: {Command: [./serve, --slowly]}}}}
    Properties:
      Family: kitchen
      Cpu: "256"
      Memory: "512"
      ContainerDefinitions:
        - Name: grill
          Image: grill
          PortMappings: [{ContainerPort: 8080}]
          Environment: [{Name: LISTEN, Value: "0.0.0.0:8080"}, {Name: STREET, Value: lime}]
  Burger:
    Type: AWS::ECS::Service
    Properties: {ServiceName: burger, Cluster: street, TaskDefinition: !Ref Kitchen}
"#;
    std::fs::write(&path, text).expect("the folder is there");
    let options = Options {
        path,
        parameter_overrides: Vec::new(),
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        stack_name: None,
    };
    let template = read(&options).expect("it is a template");
    let tasks = Tasks::of(&template, &ContainerPrograms::default(), Secrets::default());
    Config { tasks, ..Config::new(Vec::new()) }
}

/// Who calls ECS.
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) kitchen: Shared,
}

impl Caller {
    pub(crate) async fn call(&mut self, action: &str, given: &Value) -> Answer {
        let target = format!("AmazonEC2ContainerServiceV20141113.{action}");
        let headers = [("x-amz-target", target.as_str())];
        self.client.call("POST", "/", &headers, given.to_string()).await
    }

    pub(crate) async fn told(&mut self, action: &str, given: Value) -> Value {
        let answer = self.call(action, &given).await;
        assert_eq!(answer.status, 200, "{action} {given}: {}", answer.text());
        assert_eq!(answer.header("content-type"), "application/x-amz-json-1.1");
        answer.json()
    }

    /// AWS's name for the error, and its text.
    pub(crate) async fn refused(&mut self, action: &str, given: Value) -> (String, String) {
        let answer = self.call(action, &given).await;
        assert_eq!(answer.status, 400, "{action} {given}: {}", answer.text());
        let told = answer.json();
        let text = |member: &str| told[member].as_str().unwrap_or_default().to_owned();
        (text("__type"), text("message"))
    }

    /// Asks until that holds.
    pub(crate) async fn until(
        &mut self,
        action: &str,
        given: Value,
        holds: impl Fn(&Value) -> bool,
    ) -> Value {
        let bound = Instant::now() + Duration::from_secs(20);
        loop {
            let told = self.told(action, given.clone()).await;
            if holds(&told) {
                return told;
            }
            assert!(Instant::now() < bound, "{action} {given}: still {told}");
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn register(&mut self, family: &str, container: &str) -> Value {
        let container = json!({ "name": container, "image": "image", "memory": 64 });
        let given = json!({ "family": family, "containerDefinitions": [container] });
        self.told("RegisterTaskDefinition", given).await["taskDefinition"].clone()
    }

    pub(crate) async fn run(&mut self, given: Value) -> Value {
        let ran = self.told("RunTask", given).await;
        assert_eq!(ran["failures"], json!([]), "{ran}");
        ran["tasks"][0].clone()
    }

    pub(crate) async fn until_task(&mut self, arn: &Value, status: &str) -> Value {
        let given = json!({ "cluster": "street", "tasks": [arn] });
        let is = |told: &Value| told["tasks"][0]["lastStatus"] == status;
        self.until("DescribeTasks", given, is).await["tasks"][0].clone()
    }
}

/// Runs a test against a cloud with the template's service, and ends the cloud.
pub(crate) fn with_street<Fut>(name: &str, test: impl FnOnce(Caller) -> Fut + 'static)
where
    Fut: Future<Output = ()> + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let config = config(name);
    LocalSet::new().block_on(&runtime.expect("a runtime"), async move {
        let kitchen = Shared::default();
        let host = Host::start(config, Box::new(kitchen.clone())).expect("it starts");
        let client = Client::connect(&host.addresses()[0].to_string()).await;
        test(Caller { client, kitchen }).await;
        assert_eq!(host.shut_down().await, Vec::<String>::new(), "no fault");
    });
}
