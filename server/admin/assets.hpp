/// The files of server/admin/assets, compiled in.
#pragma once

#include <conclave/types.hpp>

namespace conclave::admin {

extern const bytes_view asset_console_html;
extern const bytes_view asset_console_css;
extern const bytes_view asset_console_js;
extern const bytes_view asset_console_overview_js;
extern const bytes_view asset_console_tree_js;
extern const bytes_view asset_console_sessions_js;
extern const bytes_view asset_console_why_js;
extern const bytes_view asset_openapi_json;

} // namespace conclave::admin
