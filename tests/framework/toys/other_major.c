/* The entry of a contract that this host does not speak. */
__attribute__((visibility("default"))) int spar_plugin_entry_v2(void) {
    return 0;
}
