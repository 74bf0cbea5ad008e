//! What the calls are given: the members of the service model (M:ecs), not yet checked. `others` are those that nothing
//! reads.

use serde::Deserialize;
use serde_json::{Map, Value};

macro_rules! shapes {
    ($($(#[$note:meta])* $shape:ident { $($(#[$on:meta])* $member:ident: $type:ty,)* })*) => {
        $(
            $(#[$note])*
            #[derive(Debug, Default, Deserialize)]
            #[serde(rename_all = "camelCase", default)]
            pub(super) struct $shape {
                $($(#[$on])* pub(super) $member: Option<$type>,)*
                #[serde(flatten)]
                pub(super) others: Map<String, Value>,
            }
        )*
    };
}

shapes! {
    CreateCluster { cluster_name: String, }
    DescribeClusters { clusters: Vec<String>, include: Vec<String>, }
    DeleteCluster { cluster: String, }
    /// `ListClusters`.
    List { next_token: String, max_results: i64, }
    Register {
        family: String,
        network_mode: String,
        container_definitions: Vec<Container>,
        requires_compatibilities: Vec<String>,
        cpu: String,
        memory: String,
    }
    Container {
        name: String,
        image: String,
        cpu: u32,
        memory: u32,
        memory_reservation: u32,
        port_mappings: Vec<Port>,
        essential: bool,
        restart_policy: Restart,
        entry_point: Vec<String>,
        command: Vec<String>,
        environment: Vec<Variable>,
        secrets: Vec<Secret>,
        depends_on: Vec<DependsOn>,
        start_timeout: u64,
        stop_timeout: u64,
        user: String,
        working_directory: String,
        readonly_root_filesystem: bool,
        log_configuration: Log,
        health_check: Health,
    }
    Port { container_port: u16, host_port: u16, protocol: String, }
    Restart { enabled: bool, ignored_exit_codes: Vec<i32>, restart_attempt_period: u64, }
    Variable { name: String, value: String, }
    Secret { name: String, value_from: String, }
    DependsOn { container_name: String, condition: String, }
    Log { log_driver: String, options: std::collections::BTreeMap<String, String>, }
    Health {
        command: Vec<String>,
        interval: u64,
        timeout: u64,
        retries: u32,
        start_period: u64,
    }
    OfDefinition { task_definition: String, include: Vec<String>, }
    ListDefinitions {
        family_prefix: String,
        status: String,
        sort: String,
        next_token: String,
        max_results: i64,
    }
    CreateService {
        cluster: String,
        service_name: String,
        task_definition: String,
        desired_count: i64,
        client_token: String,
        deployment_configuration: Deploys,
    }
    UpdateService {
        cluster: String,
        service: String,
        task_definition: String,
        desired_count: i64,
        force_new_deployment: bool,
        deployment_configuration: Deploys,
    }
    Deploys {
        maximum_percent: u32,
        minimum_healthy_percent: u32,
        deployment_circuit_breaker: Breaker,
    }
    Breaker { enable: bool, rollback: bool, }
    DeleteService { cluster: String, service: String, force: bool, }
    DescribeServices { cluster: String, services: Vec<String>, include: Vec<String>, }
    ListServices { cluster: String, next_token: String, max_results: i64, }
    Run {
        cluster: String,
        task_definition: String,
        count: i64,
        group: String,
        started_by: String,
        client_token: String,
        overrides: Overrides,
    }
    Overrides { container_overrides: Vec<ContainerOverride>, }
    ContainerOverride { name: String, command: Vec<String>, environment: Vec<Variable>, }
    StopTask { cluster: String, task: String, reason: String, }
    DescribeTasks { cluster: String, tasks: Vec<String>, include: Vec<String>, }
    ListTasks {
        cluster: String,
        family: String,
        service_name: String,
        desired_status: String,
        started_by: String,
        next_token: String,
        max_results: i64,
    }
}
