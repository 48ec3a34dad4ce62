// What spar_plugin_headers needs to have a source: the SDK, compiled once for all plugins.
