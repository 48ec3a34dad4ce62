#include "app/commands.hpp"
#include "app/output.hpp"
#include "app/parameters.hpp"
#include "app/parts.hpp"
#include "base/failure.hpp"
#include "base/words.hpp"
#include "plugins/registry.hpp"
#include "text/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace spar::host {
namespace {

/// The parts of that name, if no component has it.
std::vector<Part> parts_called(const Registry &registry, const std::vector<std::string> &operands) {
    if (operands.size() != 1 || !registry.find(operands[0]).empty()) return {};
    std::vector<Part> parts = all_parts(registry);
    std::erase_if(parts, [&](const Part &part) {
        return part.name != operands[0] && part.path != operands[0];
    });
    return parts;
}

/// All names that can be described, to guess the one that was meant.
std::vector<std::string> known_names(const Registry &registry, spar_kind kind) {
    std::vector<std::string> names = registry.names(kind);
    if (kind == 0)
        for (const Part &part : all_parts(registry)) names.push_back(part.name);
    return names;
}

const ComponentEntry &chosen(const Registry &registry, const std::vector<std::string> &operands) {
    const std::string &name = operands.back();
    std::vector<const ComponentEntry *> found = registry.find(name);
    spar_kind kind = 0;
    if (operands.size() == 2) {
        const auto parsed = parse_kind(operands[0]);
        if (!parsed) throw Failure(Exit::usage, "describe: there is no kind " + quote(operands[0]));
        kind = *parsed;
        std::erase_if(found, [&](const auto *entry) { return entry->descriptor->kind != kind; });
    }
    if (found.size() == 1) return *found[0];
    if (found.empty()) {
        if (const ComponentEntry *now = registry.renamed(kind, name))
            throw Failure(Exit::usage, "describe: " + quote(name) + " is called " +
                                           quote(now->descriptor->type) + " now");
        const std::string guess = did_you_mean(name, known_names(registry, kind));
        throw Failure(Exit::usage, "describe: no " + std::string(kind_name(kind)) + " is called " +
                                       quote(name) + (guess.empty() ? "" : "; " + guess) +
                                       "\n\"spar list\" names all");
    }
    std::vector<std::string> calls;
    for (const ComponentEntry *entry : found)
        calls.push_back(
            fmt::format("\"spar describe {} {}\"", kind_name(entry->descriptor->kind), name));
    throw Failure(Exit::usage, "describe: several components are called " + quote(name) +
                                   "; say which: " + listed(calls));
}

/// Text that must keep its lines, indented by two spaces.
std::string block(const std::string &text) {
    std::string out = "  ";
    for (const char c : text) {
        out += c;
        if (c == '\n') out += "  ";
    }
    return out + "\n";
}

std::string as_text(const ComponentEntry &entry, std::size_t width) {
    const spar_component &c = *entry.descriptor;
    std::string text =
        fmt::format("{} ({})\n{}\n", c.type, kind_name(c.kind), indented(c.summary, width));
    if (*c.formula != '\0') text += "Formula\n" + block(c.formula) + "\n";
    if (*c.reference != '\0') text += "Source\n" + indented(c.reference, width) + "\n";
    text += parameters_text("Parameters", *entry.schema, *entry.schema, width) + "\n";
    if (*c.example != '\0') {
        const Json example = Json::parse(c.example, nullptr, false);
        text += "Example\n" + block(example.is_discarded() ? c.example : example.dump(2)) + "\n";
    }
    return text + fmt::format("Plugin\n  {} {}, {}\n", entry.plugin->name, entry.plugin->version,
                              entry.plugin->path.string());
}

Json as_json(const ComponentEntry &entry) {
    const spar_component &c = *entry.descriptor;
    const Json example = Json::parse(c.example, nullptr, false);
    return {{"kind", kind_name(c.kind)},
            {"type", c.type},
            {"summary", c.summary},
            {"formula", c.formula},
            {"reference", c.reference},
            {"schema", with_words(*entry.schema, *entry.schema)},
            {"example", example.is_discarded() ? Json() : example},
            {"plugin", entry.plugin->name},
            {"version", entry.plugin->version},
            {"file", entry.plugin->path.string()}};
}

}  // namespace

int describe_command(const Arguments &arguments) {
    const Registry registry = find_plugins(arguments);
    const auto width = static_cast<std::size_t>(terminal_width());
    const std::vector<Part> parts = parts_called(registry, arguments.operands);
    if (!parts.empty()) {
        Json json = Json::array();
        std::string text;
        for (const Part &part : parts) {
            json.push_back(part_json(part));
            text += (text.empty() ? "" : "\n") + part_text(part, width);
        }
        if (const ComponentEntry *now = registry.renamed(0, arguments.operands[0]))
            text += fmt::format("\nThe {} {} of earlier versions is called {} now.\n",
                                kind_name(now->descriptor->kind), quote(arguments.operands[0]),
                                quote(now->descriptor->type));
        print(arguments.json ? pretty(parts.size() == 1 ? json[0] : json) : text);
        return 0;
    }
    if (!arguments.operands.empty()) {
        const ComponentEntry &entry = chosen(registry, arguments.operands);
        print(arguments.json ? pretty(as_json(entry)) : as_text(entry, width));
        return 0;
    }
    Json all = Json::array();
    std::string text;
    for (const ComponentEntry &entry : registry.components()) {
        if (arguments.json)
            all.push_back(as_json(entry));
        else
            text += (text.empty() ? "" : "\n") + as_text(entry, width);
    }
    print(arguments.json ? pretty(all) : text);
    return 0;
}

}  // namespace spar::host
