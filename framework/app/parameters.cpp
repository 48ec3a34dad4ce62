#include "app/parameters.hpp"

#include "base/paragraph.hpp"
#include "base/words.hpp"
#include "text/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace spar::host {
namespace {

class Tables {
  public:
    Tables(const Json &root, std::size_t width) : root_(root), width_(width) {}

    std::string text(const std::string &title, const Json &schema) {
        const Json &here = resolved(schema, root_);
        std::string text = table(title, here);
        remember_inner("type", here);
        while (!parts_.empty()) {
            const auto [name, part] = parts_.front();
            parts_.erase(parts_.begin());
            text += "\n" + table(name, *part);
        }
        return text;
    }

  private:
    std::string entry(const std::string &name, const Json &property, const Json &schema,
                      std::size_t name_width) const {
        const Json &required = members(schema, "required");
        const bool needed = std::find(required.begin(), required.end(), name) != required.end();
        const Json &here = resolved(property, root_);
        std::string values = expected(property, root_);
        if (const std::string unit = here.value("x-unit", ""); !unit.empty())
            values += " (" + unit + ")";
        if (property.contains("default"))
            values += "; default " + property.at("default").dump();
        else if (needed)
            values += "; required";
        const std::string help = property.value("description", here.value("description", ""));
        const std::string first = fmt::format("  {:<{}}  ", name, name_width);
        const std::string margin(first.size(), ' ');
        return paragraph(first, first.size(), values, width_) +
               (help.empty() ? "" : paragraph(margin, margin.size(), help, width_));
    }

    std::string table(const std::string &title, const Json &schema) {
        std::string text = title.empty() ? "" : title + "\n", rows;
        if (const std::string help = schema.value("description", ""); !help.empty())
            text += indented(help, width_);
        std::size_t name_width = 0;
        const auto shown = [](const std::string &name, const Json &property) {
            return name != "type" || !property.contains("const");
        };
        for (const auto &[name, property] : all_of(schema).items())
            if (shown(name, property)) name_width = std::max(name_width, name.size());
        for (const auto &[name, property] : all_of(schema).items()) {
            if (!shown(name, property)) continue;
            rows += entry(name, property, schema, name_width);
            gather(name, property);
        }
        return text + (rows.empty() && !schema.contains("oneOf") ? "  none\n" : rows);
    }

    /// A part's own keys, or those that the host reads next to a component's.
    static const Json &all_of(const Json &schema) {
        return schema.contains("x-spar-host") ? members(schema.at("x-spar-host"), "properties")
                                              : members(schema, "properties");
    }

    /// Collects the parts that a parameter's values are made of, once each.
    void gather(const std::string &name, const Json &property) {
        const std::string definition = property.value("$ref", "");
        if (!definition.empty() && !definitions_.insert(definition).second) return;
        remember_inner(name, resolved(property, root_));
        const Json &here = resolved(property, root_);
        if (here.contains("properties") || here.contains("x-spar-host")) remember(name, here);
    }

    void remember_inner(const std::string &name, const Json &here) {
        if (here.contains("x-spar-kind")) return;
        if (here.contains("items")) return gather(name, here.at("items"));
        for (const Json &choice : members(here, "oneOf")) remember(name, choice);
    }

    void remember(const std::string &name, const Json &part) {
        const Json &here = resolved(part, root_);
        const Json &type = members(members(here, "properties"), "type");
        const std::string own = type.contains("const") ? type.at("const").dump() : "";
        const std::string title = name + (own.empty() ? "" : ": " + own);
        if (!here.contains("properties") && !here.contains("x-spar-host")) return;
        if (seen_.insert(title).second) parts_.emplace_back(title, &here);
    }

    const Json &root_;
    std::size_t width_;
    std::set<std::string> seen_, definitions_;
    std::vector<std::pair<std::string, const Json *>> parts_;
};

}  // namespace

std::string indented(const std::string &text, std::size_t width) {
    return paragraph("  ", 2, text, width);
}

std::string parameters_text(const std::string &title, const Json &schema, const Json &root,
                            std::size_t width) {
    return Tables(root, width).text(title, schema);
}

}  // namespace spar::host
