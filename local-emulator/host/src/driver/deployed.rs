//! The functions that are deployed, with what is the same for all of their processes.

use std::collections::BTreeMap;
use std::rc::Rc;

use hyper::header::HeaderValue;
use lunch_contract::{FunctionId, names};

use crate::environment::{self, EnvironmentFiles};
use crate::function::{Names, ServedFunction};

/// All functions, by id.
#[derive(Debug)]
pub(crate) struct Deployed {
    functions: Vec<DeployedFunction>,
    pub(crate) names: Names,
    pub(crate) region: String,
    pub(crate) account: String,
    /// The door's address, as a URL: what an SDK inside a function talks to.
    pub(crate) endpoint: String,
}

/// One function.
#[derive(Debug)]
pub(crate) struct DeployedFunction {
    pub(crate) served: ServedFunction,
    pub(crate) arn: String,
    /// The same, as callers who gave no qualifier invoke it.
    pub(crate) arn_header: HeaderValue,
    /// Where its lines go.
    pub(crate) log_group: Rc<str>,
    /// The variables that all its processes have.
    pub(crate) variables: BTreeMap<String, String>,
}

impl Deployed {
    pub(crate) fn new(
        functions: Vec<ServedFunction>,
        files: &EnvironmentFiles,
        region: String,
        account: String,
        endpoint: String,
    ) -> Self {
        let names = Names::of(&functions);
        let functions = functions
            .into_iter()
            .map(|served| {
                let arn = names::function_arn(&region, &account, &served.name, None);
                let arn_header = header(&arn);
                let variables = environment::of_function(&served, files);
                let log_group = served.log_group().into();
                DeployedFunction { served, arn, arn_header, log_group, variables }
            })
            .collect();
        Self { functions, names, region, account, endpoint }
    }

    /// The function of that id.
    pub(crate) fn of(&self, id: FunctionId) -> &DeployedFunction {
        &self.functions[id.0 as usize]
    }

    pub(crate) fn of_mut(&mut self, id: FunctionId) -> &mut DeployedFunction {
        &mut self.functions[id.0 as usize]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (FunctionId, &DeployedFunction)> {
        (0..).map(FunctionId).zip(&self.functions)
    }
}

/// A text as a header's value; one that cannot be is left empty.
pub(crate) fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
