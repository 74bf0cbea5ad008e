//! The functions that are deployed, with what is the same for all of their processes.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use hyper::header::HeaderValue;
use lunch_contract::{FunctionId, names};

use crate::environment::{self, EnvironmentFiles};
use crate::function::{Names, ServedFunction};

/// All functions, by id.
#[derive(Debug)]
pub(crate) struct Deployed {
    functions: Vec<DeployedFunction>,
    /// Those that are not served any more.
    gone: BTreeSet<FunctionId>,
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
        let mut deployed = Self {
            functions: Vec::new(),
            gone: BTreeSet::new(),
            names: Names::default(),
            region,
            account,
            endpoint,
        };
        for served in functions {
            let function = deployed.function(served, files);
            deployed.add(function);
        }
        deployed.name_anew();
        deployed
    }

    /// What is to be known of a function, to be added or put in another's place.
    pub(crate) fn function(
        &self,
        served: ServedFunction,
        files: &EnvironmentFiles,
    ) -> DeployedFunction {
        let arn = names::function_arn(&self.region, &self.account, &served.name, None);
        let arn_header = header(&arn);
        let variables = environment::of_function(&served, files);
        let log_group = served.log_group().into();
        DeployedFunction { served, arn, arn_header, log_group, variables }
    }

    pub(crate) fn add(&mut self, function: DeployedFunction) -> FunctionId {
        let id = u32::try_from(self.functions.len()).expect("a template has fewer functions");
        self.functions.push(function);
        FunctionId(id)
    }

    pub(crate) fn replace(&mut self, id: FunctionId, function: DeployedFunction) {
        self.functions[id.0 as usize] = function;
        self.gone.remove(&id);
    }

    /// Serves it no more, and gives its name. It keeps its number: instances of it may still live.
    pub(crate) fn remove(&mut self, id: FunctionId) -> String {
        self.gone.insert(id);
        self.of(id).served.name.clone()
    }

    /// Whether it is served: it may be gone, and known only because instances of it may still live.
    pub(crate) fn is_served(&self, id: FunctionId) -> bool {
        !self.gone.contains(&id)
    }

    /// The function of exactly that name, also if it is gone.
    pub(crate) fn id_of(&self, name: &str) -> Option<FunctionId> {
        let mut all = (0..).map(FunctionId).zip(&self.functions);
        all.find(|(_, function)| function.served.name == name).map(|(id, _)| id)
    }

    /// Has all names ready, after functions have changed.
    pub(crate) fn name_anew(&mut self) {
        let all = (0..).map(FunctionId).zip(&self.functions);
        self.names = Names::of(all.map(|(id, function)| (&function.served, self.is_served(id))));
    }

    /// The function of that id.
    pub(crate) fn of(&self, id: FunctionId) -> &DeployedFunction {
        &self.functions[id.0 as usize]
    }

    pub(crate) fn of_mut(&mut self, id: FunctionId) -> &mut DeployedFunction {
        &mut self.functions[id.0 as usize]
    }

    /// The functions that are served.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (FunctionId, &DeployedFunction)> {
        let all = (0..).map(FunctionId).zip(&self.functions);
        all.filter(|(id, _)| self.is_served(*id))
    }
}

/// A text as a header's value; one that cannot be is left empty.
pub(crate) fn header(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static(""))
}
