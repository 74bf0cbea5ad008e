//! What a script wants once its answer has been sent.
//!
//! A layer outermost around `lambda_runtime`'s own services: when they are through, the answer has been sent
//! and `/next` has not been asked for.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{io, thread};

use lambda_runtime::tower::{Layer, Service};
use lambda_runtime::{Error, LambdaInvocation};

use crate::play::Play;
use crate::state;
use crate::step::Step;

/// Plays `before_next`, and starts `after`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AfterAnswer;

impl<S> Layer<S> for AfterAnswer {
    type Service = AfterAnswerService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AfterAnswerService { inner }
    }
}

/// What [`AfterAnswer`] makes of a service.
#[derive(Debug)]
pub(crate) struct AfterAnswerService<S> {
    inner: S,
}

impl<S> Service<LambdaInvocation> for AfterAnswerService<S>
where
    S: Service<LambdaInvocation, Response = (), Error = Error>,
    S::Future: 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let answered = self.inner.call(invocation);
        Box::pin(async move {
            answered.await?;
            let (before_next, after) = state::take_after();
            if !after.is_empty() {
                play_in_a_thread(after)?;
            }
            Play::of_init().steps(&before_next).await;
            Ok(())
        })
    }
}

fn play_in_a_thread(steps: Vec<Step>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new().spawn(move || runtime.block_on(Play::of_init().steps(&steps))).map(drop)
}
