//! The protocol's requests, each translated for the backend.
#![allow(
    deprecated,
    reason = "sessions of the old era set log levels and subscribe with methods now deprecated"
)]

mod calls;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rmcp::handler::server::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo,
    CustomRequest, CustomResult, GetPromptRequestParams, GetPromptResponse,
    InitializeRequestParams, ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult,
    ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
    Reference, ServerConfig, SetLevelRequestParams, SubscribeRequestParams, SubscriptionFilter,
    Tool, UnsubscribeRequestParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::transport::streamable_http_server::session::{
    SessionRestoreMarker, SessionState, SessionStore,
};
use rmcp::{ErrorData, RoleServer};
use tokio::sync::Semaphore;
use tokio::sync::broadcast::Receiver;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::announce::{Listener, SUBSCRIPTIONS_MAX, follow};
use crate::backend::{Backend, Change, CompletionRequest, Subject};
use crate::context::{Asker, Context, Session, session_header};
use crate::failure::{Failure, broken, unknown};
use crate::inputs::{Round, Seal};
use crate::kept;
use crate::misread::unheard;
use crate::paging::page;

/// Subscriptions of one connection that are between their two steps.
const LISTENING_MAX: usize = 64;

/// What all connections of one endpoint share.
pub(crate) struct Shared<B> {
    pub(crate) backend: Arc<B>,
    /// Where sessions are remembered; a stream has none.
    pub(crate) sessions: Option<Arc<dyn SessionStore>>,
    pub(crate) seal: Seal,
    /// Streams of the new era that listen for changes.
    pub(crate) listeners: Semaphore,
    pub(crate) shutdown: CancellationToken,
    pub(crate) followers: TaskTracker,
}

impl<B: Backend> Shared<B> {
    pub(crate) fn new(
        backend: Arc<B>,
        listeners_max: usize,
        seal_key: Option<[u8; 32]>,
        sessions: Option<Arc<dyn SessionStore>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            backend,
            sessions,
            seal: Seal::new(seal_key),
            listeners: Semaphore::new(listeners_max),
            shutdown: CancellationToken::new(),
            followers: TaskTracker::new(),
        })
    }
}

/// One connection of the old era, or one request of the new one.
pub(crate) struct Handler<B> {
    shared: Arc<Shared<B>>,
    session: OnceLock<Connected>,
    /// Receivers made before their subscriptions are acknowledged, so that no change falls between.
    listening: Mutex<VecDeque<Receiver<Change>>>,
}

struct Connected {
    session: Session,
    /// Held while the session is stored, so that the newest is stored last.
    storing: tokio::sync::Mutex<()>,
    ended: CancellationToken,
    _ends: DropGuard,
}

impl<B: Backend> Handler<B> {
    pub(crate) fn new(shared: Arc<Shared<B>>) -> Self {
        Self {
            shared,
            session: OnceLock::new(),
            listening: Mutex::default(),
        }
    }

    fn session(&self) -> Option<&Session> {
        self.session.get().map(|connected| &connected.session)
    }

    fn listening(&self) -> MutexGuard<'_, VecDeque<Receiver<Change>>> {
        self.listening
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, made when it is first needed: requests of the new era never do.
    fn connected(&self) -> &Connected {
        self.session.get_or_init(|| {
            let ended = self.shared.shutdown.child_token();
            Connected {
                session: Session::new(),
                storing: tokio::sync::Mutex::default(),
                _ends: ended.clone().drop_guard(),
                ended,
            }
        })
    }

    fn follow_changes(&self, context: &NotificationContext<RoleServer>) {
        let connected = self.connected();
        let listener = Listener::Session(
            context.peer.clone(),
            Arc::clone(&connected.session.subscribed),
        );
        let was_away = context.extensions.get::<SessionRestoreMarker>().is_some();
        if was_away && let Some(params) = context.peer.peer_info() {
            kept::take(&params, &connected.session);
        }
        let telling = follow(self.shared.backend.changes(), listener, was_away);
        let ended = connected.ended.clone();
        self.shared.followers.spawn(async move {
            ended.run_until_cancelled(telling).await;
        });
    }
}

impl<B: Backend> Handler<B> {
    /// Stores what the session asked for. It works without, until it has to be restored.
    async fn keep(&self, context: &RequestContext<RoleServer>) {
        let connected = self.connected();
        let id = context.extensions.get().and_then(session_header);
        let (Some(store), Some(id)) = (&self.shared.sessions, id) else {
            return;
        };
        let Some(info) = context.peer.peer_info() else {
            return;
        };
        let _turn = connected.storing.lock().await;
        let mut params = InitializeRequestParams::clone(&info);
        kept::put(&mut params, &connected.session);
        if let Err(error) = store.store(id, &SessionState::new(params)).await {
            tracing::warn!(%error, "a restart will lose what a session subscribed to");
        }
    }
}

impl<B: Backend> ServerHandler for Handler<B> {
    fn get_info(&self) -> ServerConfig {
        let mut info = self.shared.backend.catalogue().info.clone();
        if let Some(version) = self.shared.backend.version() {
            info.server_info.version = version;
        }
        info
    }

    /// Only the schema is looked at, and only for the headers that mirror arguments.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        let catalogue = self.shared.backend.catalogue();
        let tool = &catalogue.find_tool(name)?.tool;
        Some(Tool::new_with_raw("", None, Arc::clone(&tool.input_schema)))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        self.follow_changes(&context);
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let all = self.shared.backend.catalogue();
        let (tools, next) = page(
            &all.listed_tools,
            |tool| tool.name.as_ref(),
            request.as_ref(),
            all.page_items,
        )?;
        let mut result = ListToolsResult::with_all_items(tools.to_vec())
            .with_ttl_ms(all.freshness.ttl_ms)
            .with_cache_scope(all.freshness.scope);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resources(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        let all = self.shared.backend.catalogue();
        let (resources, next) = page(
            &all.resources,
            |resource| &resource.uri,
            request.as_ref(),
            all.page_items,
        )?;
        let mut result = ListResourcesResult::with_all_items(resources.to_vec())
            .with_ttl_ms(all.freshness.ttl_ms)
            .with_cache_scope(all.freshness.scope);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_resource_templates(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let all = self.shared.backend.catalogue();
        let (templates, next) = page(
            &all.templates,
            |template| &template.uri_template,
            request.as_ref(),
            all.page_items,
        )?;
        let mut result = ListResourceTemplatesResult::with_all_items(templates.to_vec())
            .with_ttl_ms(all.freshness.ttl_ms)
            .with_cache_scope(all.freshness.scope);
        result.next_cursor = next;
        Ok(result)
    }

    async fn list_prompts(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let all = self.shared.backend.catalogue();
        let (prompts, next) = page(
            &all.prompts,
            |prompt| &prompt.name,
            request.as_ref(),
            all.page_items,
        )?;
        let mut result = ListPromptsResult::with_all_items(prompts.to_vec())
            .with_ttl_ms(all.freshness.ttl_ms)
            .with_cache_scope(all.freshness.scope);
        result.next_cursor = next;
        Ok(result)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.called(request, Asker::from(&context)).await
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.read(request, Asker::from(&context)).await
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        self.prompted(request, Asker::from(&context)).await
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let catalogue = self.shared.backend.catalogue();
        let subject = match &request.r#ref {
            Reference::Prompt(prompt) if catalogue.find_prompt(&prompt.name).is_some() => {
                Subject::Prompt(&prompt.name)
            }
            Reference::Prompt(prompt) => {
                let nearest = catalogue.nearest_prompts(&prompt.name);
                return Err(unknown("prompt", &prompt.name, &nearest));
            }
            Reference::Resource(resource) if catalogue.has_template(&resource.uri) => {
                Subject::Template(&resource.uri)
            }
            Reference::Resource(resource) => {
                let nearest = catalogue.nearest_uris(&resource.uri);
                return Err(unknown("resource template", &resource.uri, &nearest));
            }
            _ => {
                return Err(ErrorData::invalid_params(
                    "the ref is of no known type",
                    None,
                ));
            }
        };
        let asked = CompletionRequest {
            subject,
            argument: &request.argument.name,
            typed: &request.argument.value,
            context: Context {
                catalogue: &catalogue,
                asker: Asker::from(&context),
                session: self.session(),
                round: &Round::default(),
            },
        };
        match self.shared.backend.complete(asked).await {
            Ok(mut found) => {
                let count = found.values.len();
                found.values.truncate(CompletionInfo::MAX_VALUES);
                let mut info = CompletionInfo::default();
                let known = u32::try_from(count).unwrap_or(u32::MAX);
                info.total = Some(found.total.unwrap_or(known));
                info.has_more = Some(info.total > u32::try_from(found.values.len()).ok());
                info.values = found.values;
                Ok(CompleteResult::new(info))
            }
            Err(Failure::Unknown) => Ok(CompleteResult::default()),
            Err(Failure::Refused { text, .. }) => Err(ErrorData::invalid_params(text, None)),
            Err(Failure::Broken(cause)) => Err(broken("completing an argument", cause.as_ref())),
        }
    }

    /// What the library reads as none of the protocol's requests.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Err(unheard(&request))
    }

    async fn set_level(
        &self,
        request: SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let session = &self.connected().session;
        session.threshold.set(request.level.into());
        self.keep(&context).await;
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let catalogue = self.shared.backend.catalogue();
        if !catalogue.knows_uri(&request.uri) {
            let nearest = catalogue.nearest_uris(&request.uri);
            let error = unknown("resource", &request.uri, &nearest);
            return Err(ErrorData::resource_not_found(error.message, error.data));
        }
        if !self.connected().session.subscribed.add(request.uri) {
            let text = format!(
                "this session has {SUBSCRIPTIONS_MAX} subscriptions, which is the limit; \
                 unsubscribe from some first"
            );
            return Err(ErrorData::invalid_request(text, None));
        }
        self.keep(&context).await;
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.connected().session.subscribed.remove(&request.uri);
        self.keep(&context).await;
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let changes = self.shared.backend.changes();
        let mut listening = self.listening();
        if listening.len() >= LISTENING_MAX {
            listening.pop_front();
        }
        listening.push_back(changes);
        drop(listening);
        let catalogue = self.shared.backend.catalogue();
        let mut accepted = requested.clone();
        if let Some(uris) = &mut accepted.resource_subscriptions {
            uris.retain(|uri| catalogue.knows_uri(uri));
            uris.truncate(SUBSCRIPTIONS_MAX);
        }
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let waiting = self.listening().pop_front();
        let changes = waiting.unwrap_or_else(|| self.shared.backend.changes());
        let Ok(_place) = self.shared.listeners.try_acquire() else {
            let text = "as many clients listen as this server allows; try again later";
            return Err(ErrorData::internal_error(text, None));
        };
        let telling = follow(changes, Listener::Stream(context.sink().clone()), false);
        tokio::select! {
            () = telling => {}
            () = context.cancelled() => {}
            () = self.shared.shutdown.cancelled() => {}
        }
        Ok(())
    }
}
