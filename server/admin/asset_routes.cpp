/// The console and the description of /v1.
#include "server/admin/assets.hpp"
#include "server/admin/route_context.hpp"

namespace conclave::admin {

namespace {

/// The page loads nothing from anywhere else, and runs no script but its own.
constexpr bytes_view content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void add(
    route_table& to, bytes_view path, operation needs, bytes_view content_type, bytes_view content
) {
    to.add({"GET", bytes{path}, needs, [content_type, content](const routed_request& asked) {
                asked.exchange->respond(
                    {200,
                     bytes{content_type},
                     bytes{content},
                     {{"Content-Security-Policy", bytes{content_security_policy}}}}
                );
            }});
}

} // namespace

void add_asset_routes(route_table& to) {
    using enum operation;
    add(to, "/", see_console, "text/html; charset=utf-8", asset_console_html);
    add(to, "/console.css", see_console, "text/css; charset=utf-8", asset_console_css);
    for (const auto& [path, content] :
         {std::pair{bytes_view{"/console.js"}, asset_console_js},
          {"/console_overview.js", asset_console_overview_js},
          {"/console_tree.js", asset_console_tree_js},
          {"/console_sessions.js", asset_console_sessions_js},
          {"/console_why.js", asset_console_why_js}}) {
        add(to, path, see_console, "text/javascript; charset=utf-8", content);
    }
    add(to, "/v1/openapi.json", see_console, "application/json", asset_openapi_json);
}

} // namespace conclave::admin
