#include "app/commands.hpp"
#include "app/output.hpp"
#include "base/failure.hpp"
#include "base/paragraph.hpp"
#include "base/words.hpp"
#include "plugins/registry.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

spar_kind kind_of(const std::string &name) {
    if (const auto kind = parse_kind(name)) return *kind;
    std::vector<std::string> known;
    for (const spar_kind kind : all_kinds) known.emplace_back(kind_name(kind));
    const std::string guess = did_you_mean(name, known);
    throw Failure(Exit::usage, "list: there is no kind " + quote(name) +
                                   (guess.empty() ? "" : "; " + guess) +
                                   " (known: " + listed(known) + ")");
}

Json as_json(const Registry &registry, spar_kind kind) {
    Json components = Json::array(), refused = Json::array();
    for (const ComponentEntry &entry : registry.components()) {
        const spar_component &c = *entry.descriptor;
        if (kind != 0 && c.kind != kind) continue;
        components.push_back({{"kind", kind_name(c.kind)},
                              {"type", c.type},
                              {"summary", c.summary},
                              {"plugin", entry.plugin->name},
                              {"version", entry.plugin->version},
                              {"file", entry.plugin->path.string()},
                              {"sha256", entry.plugin->sha256}});
    }
    for (const Refusal &refusal : registry.refusals())
        refused.push_back({{"file", refusal.path.string()}, {"reason", refusal.reason}});
    return {{"components", std::move(components)}, {"refused", std::move(refused)}};
}

/// Omits the plugins' column if the terminal is too narrow for it.
std::string as_table(const Registry &registry, spar_kind kind, std::size_t width) {
    constexpr std::size_t least_summary = 40;
    std::size_t type_width = 4, plugin_width = 6;
    for (const ComponentEntry &entry : registry.components()) {
        if (kind != 0 && entry.descriptor->kind != kind) continue;
        type_width = std::max(type_width, std::string_view(entry.descriptor->type).size());
        plugin_width =
            std::max(plugin_width, entry.plugin->name.size() + 1 + entry.plugin->version.size());
    }
    const bool plugins = width == 0 || width >= 9 + type_width + plugin_width + 6 + least_summary;
    const auto line = [&](const char *kind_text, const std::string &type, const std::string &plugin,
                          const std::string &summary) {
        std::string first = fmt::format("{:<9}  {:<{}}  ", kind_text, type, type_width);
        if (plugins) first += fmt::format("{:<{}}  ", plugin, plugin_width);
        // The list is hard to read beside a narrow column of words.
        if (width > 0 && width < first.size() + 3 * least_summary / 4)
            return first.substr(0, first.find_last_not_of(' ') + 1) + "\n" +
                   paragraph("    ", 4, summary, width);
        return paragraph(first, first.size(), summary, width);
    };
    std::string text = line("KIND", "TYPE", "PLUGIN", "SUMMARY");
    for (const ComponentEntry &entry : registry.components()) {
        const spar_component &c = *entry.descriptor;
        if (kind != 0 && c.kind != kind) continue;
        text += line(kind_name(c.kind), c.type, entry.plugin->name + " " + entry.plugin->version,
                     escaped(c.summary, 1000));
    }
    return text;
}

}  // namespace

int list_command(const Arguments &arguments) {
    const spar_kind kind = arguments.operands.empty() ? 0 : kind_of(arguments.operands[0]);
    const Registry registry = find_plugins(arguments);
    print(arguments.json ? pretty(as_json(registry, kind))
                         : as_table(registry, kind, static_cast<std::size_t>(terminal_width())));
    if (registry.components().empty())
        complain("no plugin was found; " + searched(registry) + "; --plugin-dir adds a folder");
    for (const Refusal &refusal : registry.refusals())
        complain("refused: the file " + refusal.path.string() + " " + refusal.reason);
    return 0;
}

}  // namespace spar::host
