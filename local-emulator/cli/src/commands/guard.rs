//! `lunch guard`, which `lunch up --tasks container` starts: when that has ended, also by SIGKILL, its containers go.

use std::io::Read as _;
use std::time::Duration;

use lunch_host::engine::sweep;

use crate::args;
use crate::failure::{Code, Failure, OrFail as _};

/// A container that was being made when its `lunch` ended is there after that.
const MADE_WITHIN: Duration = Duration::from_millis(500);

pub(crate) async fn run(asked: args::Guard) -> Result<Code, Failure> {
    let ended = tokio::task::spawn_blocking(|| {
        let mut told = Vec::new();
        // However it ends: that is what is waited for.
        std::io::stdin().read_to_end(&mut told).ok();
        !told.is_empty()
    });
    let is_orderly = ended.await.or_fail(Code::Fault)?;
    let unable = || "containers are left, which the next start removes";
    sweep(&asked.engine, &asked.process).await.or_fail_with(Code::Bad, unable)?;
    if !is_orderly {
        tokio::time::sleep(MADE_WITHIN).await;
        sweep(&asked.engine, &asked.process).await.or_fail_with(Code::Bad, unable)?;
    }
    Ok(Code::Done)
}
