#include "plugins/probe.hpp"

#include "plugins/library.hpp"

namespace spar::host {

std::vector<Probed> probe_here(const std::vector<std::filesystem::path> &files,
                               const spar_host *host, const std::function<void()> &meanwhile) {
    meanwhile();
    std::vector<Probed> probed(files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
        try {
            probed[i].loaded = open_plugin(files[i], host);
            probed[i].description = describe(*probed[i].loaded);
        } catch (const PluginFault &fault) {
            probed[i].fault = fault.what();
        }
    }
    return probed;
}

}  // namespace spar::host
