//! A call that a person makes from a shell.

use mcp::{Backend as _, Failure};
use model::nearest::nearest;
use serde_json::{Map, Value};

use crate::{
    call::{self, Caller},
    offer::{CONVERSATION_ID, ResultKind},
    runner::{Runner, ServeError},
    served::offer_of,
};

/// What a call of a person's came to.
#[derive(Clone, Debug)]
pub struct Called {
    pub value: Value,
    pub conversation_id: String,
    pub version: String,
}

/// Why it came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum CallFailure {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("there is no tool `{tool}`")]
    Unknown { tool: String, nearest: Vec<String> },
    #[error("the arguments do not fit: {}", lines.join("; "))]
    Arguments { lines: Vec<String> },
    #[error("{text}")]
    Failed {
        text: String,
        conversation_id: String,
    },
    #[error("the call broke")]
    Broken(#[source] Box<Failure>),
}

impl Runner {
    /// Calls a tool once, for a person. The caller is told what the client of a call is told.
    pub async fn call(
        &self,
        reference: &str,
        tool: &str,
        arguments: &Map<String, Value>,
    ) -> Result<Called, CallFailure> {
        let line = self.line(reference).await?;
        let catalogue = line.served.catalogue();
        let offer = offer_of(&catalogue);
        let Some(entry) = catalogue.find_tool(tool) else {
            let known = offer.tools.keys().map(String::as_str);
            let nearest = nearest(tool, known).into_iter().map(str::to_owned);
            return Err(CallFailure::Unknown {
                tool: tool.to_owned(),
                nearest: nearest.collect(),
            });
        };
        let lines = entry.check_arguments(arguments);
        lines.map_err(|lines| CallFailure::Arguments { lines })?;
        let caller = Caller {
            name: Some("luthier call".to_owned()),
            traceparent: None,
            tracestate: None,
            reporter: None,
            client: None,
        };
        let order = line.served.order(&catalogue, entry, arguments);
        match call::call_tool(order, caller).await {
            Ok(called) => {
                let result = offer.tools.get(tool).map(|facts| facts.result);
                Ok(Called::new(called, result))
            }
            Err(Failure::Refused { text, meta }) => Err(CallFailure::Failed {
                text,
                conversation_id: id_of(&meta),
            }),
            Err(failure) => Err(CallFailure::Broken(Box::new(failure))),
        }
    }
}

impl Called {
    fn new(called: call::Called, result: Option<ResultKind>) -> Self {
        let call::Called {
            answer, version, ..
        } = called;
        let mcp::Answer::Done(answer) = answer else {
            unreachable!("there is no client that could be asked")
        };
        let value = if result == Some(ResultKind::Content) {
            serde_json::to_value(answer.content).expect("contents are plain JSON")
        } else {
            value_of(answer.structured.unwrap_or_default(), result)
        };
        let meta = answer.meta.map(|meta| meta.0).unwrap_or_default();
        Self {
            value,
            conversation_id: id_of(&meta),
            version,
        }
    }
}

/// What the tool returned, without what every result has.
fn value_of(mut structured: Value, result: Option<ResultKind>) -> Value {
    if let Value::Object(members) = &mut structured {
        members.remove(CONVERSATION_ID);
        if result != Some(ResultKind::Object)
            && let Some(result) = members.remove("result")
        {
            return result;
        }
    }
    structured
}

fn id_of(meta: &Map<String, Value>) -> String {
    let id = meta.get(CONVERSATION_ID);
    id.and_then(Value::as_str).unwrap_or_default().to_owned()
}
