// The source of spar_plugin_headers: the SDK, precompiled once for all plugins.
