//! The lines that AWS itself writes about an invocation, and the tail of a request's log. Facts 4.1 and 4.3.

use std::fmt::Write;
use std::time::Duration;

use lunch_cloud::{Record, Status};
use lunch_contract::Outcome;
use lunch_contract::names::LATEST;

/// `X-Amz-Log-Result` carries the last 4 KB. M:lambda Invoke.
const TAIL_BYTES: usize = 4 * 1024;

/// The last bytes of one request's log.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    text: String,
}

impl Tail {
    /// Begins with the START line.
    pub(crate) fn start(&mut self, request_id: &str) {
        self.push(&format!("START RequestId: {request_id} Version: {LATEST}"));
    }

    /// Adds a line and forgets what is more than the last 4 KB.
    pub(crate) fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
        if self.text.len() > 2 * TAIL_BYTES {
            self.trim();
        }
    }

    /// Ends with the END and REPORT lines and gives all of it.
    pub(crate) fn finish(mut self, request_id: &str, report: &str) -> String {
        self.push(&format!("END RequestId: {request_id}"));
        self.push(report);
        self.trim();
        self.text
    }

    fn trim(&mut self) {
        let surplus = self.text.len().saturating_sub(TAIL_BYTES);
        let from = (surplus..=self.text.len())
            .find(|&position| self.text.is_char_boundary(position))
            .unwrap_or(self.text.len());
        self.text.drain(..from);
    }
}

/// The REPORT line of an ended invocation, without its end. The memory used is left out: it was not measured.
///
/// `None` for a record of another kind.
pub(crate) fn report_line(
    request_id: &str,
    ended: &Record,
    outcome: &Outcome,
    memory_mb: u32,
) -> Option<String> {
    let Record::Ended { status, duration, init, billed_ms, .. } = ended else { return None };
    let mut line = format!(
        "REPORT RequestId: {request_id}\tDuration: {:.2} ms\tBilled Duration: {billed_ms} ms\t\
         Memory Size: {memory_mb} MB\t",
        millis(*duration)
    );
    if let Some(init) = init {
        write!(line, "Init Duration: {:.2} ms\t", millis(*init)).expect("a string takes all");
    }
    match status {
        Status::Success => {}
        Status::Timeout => line.push_str("Status: timeout"),
        Status::Error | Status::Failure => {
            let error_type = match outcome {
                Outcome::Exited { .. } => "Runtime.ExitError",
                Outcome::SpawnFailed { .. } => "Runtime.InvalidEntrypoint",
                Outcome::InitError
                | Outcome::Returned
                | Outcome::FunctionError
                | Outcome::TimedOut { .. }
                | Outcome::ResponseTooLarge
                | Outcome::ResponseTruncated
                | Outcome::Throttled { .. }
                | Outcome::ShutDown => "Runtime.Unknown",
            };
            write!(line, "Status: error\tError Type: {error_type}").expect("a string takes all");
        }
    }
    Some(line)
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use lunch_contract::{Exit, InstanceId, RequestId};

    use super::*;

    fn ended(status: Status, init: Option<Duration>) -> Record {
        Record::Ended {
            request: RequestId { serial: 0, index: 0 },
            instance: InstanceId { serial: 0, index: 0 },
            status,
            duration: Duration::from_micros(1_234),
            init,
            billed_ms: 82,
        }
    }

    #[test]
    fn a_report_ends_in_a_tab_when_all_went_well() {
        assert_eq!(
            report_line("id", &ended(Status::Success, None), &Outcome::Returned, 128).as_deref(),
            Some(
                "REPORT RequestId: id\tDuration: 1.23 ms\tBilled Duration: 82 ms\tMemory Size: 128 MB\t"
            )
        );
    }

    #[test]
    fn the_init_stands_last() {
        let init = Some(Duration::from_millis(80));
        let line = report_line("id", &ended(Status::Success, init), &Outcome::Returned, 128);
        assert!(line.expect("ended").ends_with("\tMemory Size: 128 MB\tInit Duration: 80.00 ms\t"));
    }

    #[test]
    fn a_failure_says_its_status() {
        let timed_out = Outcome::TimedOut { after: Duration::from_secs(1) };
        let line = report_line("id", &ended(Status::Timeout, None), &timed_out, 128);
        assert!(line.expect("ended").ends_with("\tStatus: timeout"));
        let exited = Outcome::Exited { exit: Exit::Code(1) };
        let line = report_line("id", &ended(Status::Error, None), &exited, 128);
        assert!(line.expect("ended").ends_with("\tStatus: error\tError Type: Runtime.ExitError"));
    }

    #[test]
    fn a_tail_is_the_last_4_kb() {
        let mut tail = Tail::default();
        tail.start("id");
        for number in 0..10_000 {
            tail.push(&format!("line {number}, with ümläüts"));
        }
        let text = tail.finish("id", "REPORT");
        assert!(text.len() <= TAIL_BYTES && text.len() > TAIL_BYTES - 8, "{}", text.len());
        assert!(text.ends_with("line 9999, with ümläüts\nEND RequestId: id\nREPORT\n"), "{text}");
    }

    #[test]
    fn a_short_tail_is_whole() {
        let mut tail = Tail::default();
        tail.start("id");
        tail.push("grind");
        assert_eq!(
            tail.finish("id", "REPORT RequestId: id"),
            "START RequestId: id Version: $LATEST\ngrind\nEND RequestId: id\nREPORT RequestId: id\n"
        );
    }
}
