//! When a function is cheaper than a task that is always on: AWS's prices, and the sum.
//!
//! On-demand, Linux on x86, us-east-1, without the free tier, as AWS's pages `aws.amazon.com/lambda/pricing` and
//! `aws.amazon.com/fargate/pricing` have them; they change, so they are dated.

use serde::Serialize;

use super::figures::number;

/// When these prices were known to hold last.
pub(crate) const AS_OF: &str = "March 2026";
/// USD for a request. Source: AWS Lambda pricing, 0.20 for a million.
const LAMBDA_REQUEST: f64 = 0.20 / 1e6;
/// USD for a GB-second, the first 6 billion of a month. Source: AWS Lambda pricing.
const LAMBDA_GB_S: f64 = 0.000_016_666_7;
/// USD for a vCPU-hour. Source: AWS Fargate pricing.
const FARGATE_VCPU_H: f64 = 0.040_48;
/// USD for a GB-hour. Source: AWS Fargate pricing.
const FARGATE_GB_H: f64 = 0.004_445;
/// An average month.
const MONTH_H: f64 = 730.5;

/// Fargate's smallest task, and one that is not. Source: F 10, the sizes of a task.
const TASKS: [Task; 2] = [Task { vcpu: 0.25, gb: 0.5 }, Task { vcpu: 1.0, gb: 2.0 }];

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Task {
    pub(crate) vcpu: f64,
    pub(crate) gb: f64,
}

impl Task {
    fn a_month(self) -> f64 {
        MONTH_H * self.vcpu.mul_add(FARGATE_VCPU_H, self.gb * FARGATE_GB_H)
    }
}

/// A function's request against a task that waits for it all month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct BreakEven {
    /// Of what function.
    pub(crate) what: &'static str,
    pub(crate) memory_mb: u32,
    pub(crate) billed_ms: f64,
    pub(crate) usd_per_million_requests: f64,
    pub(crate) task: Task,
    pub(crate) task_usd_a_month: f64,
    /// From so many requests a month the task is cheaper.
    pub(crate) requests_a_month: f64,
    /// The same, on average over the month.
    pub(crate) requests_a_second: f64,
    /// The sum.
    pub(crate) sum: String,
}

/// For a request that AWS bills so many milliseconds for, against each task.
pub(crate) fn break_even(what: &'static str, memory_mb: u32, billed_ms: f64) -> Vec<BreakEven> {
    let gb = f64::from(memory_mb) / 1_024.0;
    let request = (gb * billed_ms / 1e3).mul_add(LAMBDA_GB_S, LAMBDA_REQUEST);
    let against = |task: Task| {
        let task_usd = task.a_month();
        let requests = task_usd / request;
        BreakEven {
            what,
            memory_mb,
            billed_ms,
            usd_per_million_requests: request * 1e6,
            task,
            task_usd_a_month: task_usd,
            requests_a_month: requests,
            requests_a_second: requests / (MONTH_H * 3_600.0),
            sum: format!(
                "{MONTH_H} h x ({} vCPU x ${FARGATE_VCPU_H} + {} GB x ${FARGATE_GB_H}) / ($0.0000002 + {gb} GB x {} s x ${LAMBDA_GB_S})",
                task.vcpu,
                task.gb,
                number(billed_ms / 1e3),
            ),
        }
    };
    TASKS.map(against).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_task_costs_nine_dollars_and_so_do_as_many_requests() {
        let [small, big] = break_even("coffee", 128, 100.0).try_into().expect("two tasks");
        assert!((small.task_usd_a_month - 9.0162).abs() < 0.001, "{small:?}");
        assert!((small.usd_per_million_requests - 0.4083).abs() < 0.001, "{small:?}");
        let spent = small.requests_a_month * small.usd_per_million_requests / 1e6;
        assert!(
            (spent - small.task_usd_a_month).abs() < 1e-9,
            "break-even is where both cost the same"
        );
        assert!((small.requests_a_second - 8.396).abs() < 0.01, "{small:?}");
        assert!((big.requests_a_month / small.requests_a_month - 4.0).abs() < 1e-9);
        assert_eq!(
            small.sum,
            "730.5 h x (0.25 vCPU x $0.04048 + 0.5 GB x $0.004445) / ($0.0000002 + 0.125 GB x 0.10 s x $0.0000166667)"
        );
    }

    #[test]
    fn a_longer_request_makes_the_task_cheaper_sooner() {
        let of = |billed_ms| break_even("coffee", 128, billed_ms)[0].requests_a_month;
        assert!(of(1_000.0) < of(10.0));
    }
}
