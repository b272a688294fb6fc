//! The description of every REST path, made whole.

use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, InfoBuilder, License, OpenApi, PathItem, Ref, RefOr,
    ResponseBuilder, SecurityRequirement, ServerBuilder,
};
use utoipa::{PartialSchema, ToSchema};

use crate::problem::{MEDIA_TYPE, ProblemDocument};

const BEARER: &str = "bearer";

/// What the document says about the whole.
pub(crate) struct About<'a> {
    pub(crate) title: &'a str,
    pub(crate) version: &'a str,
    pub(crate) licence: &'a str,
    pub(crate) has_token: bool,
}

/// Adds what no single path can: the title, the server, the token, and the error that every
/// operation may answer with.
pub(crate) fn complete(api: &mut OpenApi, about: &About<'_>) {
    let mut licence = License::new(about.licence);
    licence.identifier = Some(about.licence.to_owned());
    api.info = InfoBuilder::new()
        .title(about.title)
        .version(about.version)
        .license(Some(licence))
        .build();
    api.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let components = api
        .components
        .get_or_insert_with(|| ComponentsBuilder::new().build());
    components.schemas.insert(
        ProblemDocument::name().into_owned(),
        ProblemDocument::schema(),
    );
    if about.has_token {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme(BEARER, SecurityScheme::Http(scheme));
        api.security = Some(vec![SecurityRequirement::new(BEARER, [""; 0])]);
    }
    for operation in api.paths.paths.values_mut().flat_map(operations_mut) {
        operation
            .parameters
            .iter_mut()
            .flatten()
            .for_each(never_null);
        operation
            .responses
            .responses
            .entry("default".to_owned())
            .or_insert_with(|| {
                let schema = Ref::from_schema_name(ProblemDocument::name());
                let content = ContentBuilder::new().schema(Some(schema)).build();
                let response = ResponseBuilder::new()
                    .description("What was wrong, and what to do")
                    .content(MEDIA_TYPE, content);
                RefOr::T(response.build())
            });
    }
}

/// What is left out is not sent at all: a header or a query has no way to say `null`.
fn never_null(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
        && let SchemaType::Array(types) = &mut schema.schema_type
    {
        types.retain(|kind| *kind != Type::Null);
        if let [only] = &types[..] {
            schema.schema_type = SchemaType::Type(only.clone());
        }
    }
}

fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.options,
        &mut item.head,
        &mut item.patch,
        &mut item.trace,
    ]
    .into_iter()
    .flatten()
}

/// Every operation with its path and method, by path.
pub(crate) fn operations(api: &OpenApi) -> impl Iterator<Item = (&str, &'static str, &Operation)> {
    api.paths.paths.iter().flat_map(|(path, item)| {
        [
            ("GET", &item.get),
            ("PUT", &item.put),
            ("POST", &item.post),
            ("DELETE", &item.delete),
            ("OPTIONS", &item.options),
            ("HEAD", &item.head),
            ("PATCH", &item.patch),
            ("TRACE", &item.trace),
        ]
        .into_iter()
        .filter_map(|(method, operation)| Some((path.as_str(), method, operation.as_ref()?)))
    })
}
