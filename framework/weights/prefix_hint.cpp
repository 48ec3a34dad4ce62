#include "weights/prefix_hint.hpp"

#include "weights/fitting.hpp"

#include <fmt/format.h>
#include <set>

namespace spar::host {
namespace {

/// The prefix, ending in a dot, by which all names of one side differ from those of the other;
/// empty if there is none.
std::string prefix_of(const std::set<std::string> &longer, const std::set<std::string> &shorter) {
    if (longer.empty() || shorter.empty()) return {};
    const std::string &name = *longer.begin();
    for (std::size_t dot = name.find('.'); dot != std::string::npos;
         dot = name.find('.', dot + 1)) {
        const std::string prefix = name.substr(0, dot + 1);
        std::set<std::string> rest;
        for (const std::string &whole : longer)
            if (whole.starts_with(prefix)) rest.insert(whole.substr(prefix.size()));
        if (rest.size() == longer.size() && rest == shorter) return prefix;
    }
    return {};
}

}  // namespace

std::string prefix_hint(const Network &network, const TensorFile &file) {
    std::set<std::string> ours, theirs;
    for (const NetworkParameter &p : network.parameters())
        if (!is_batch_count(p.name)) ours.insert(p.name);
    for (const auto &[name, tensor] : file.tensors())
        if (!is_batch_count(name)) theirs.insert(name);
    if (const std::string prefix = prefix_of(theirs, ours); !prefix.empty())
        return fmt::format(
            "its tensors are the model's but for the prefix \"{0}\" of every name{1}; say "
            "\"weights_map\": {{\"prefix\": \"{0}\"}}",
            prefix,
            prefix == "module."      ? " (which torch.nn.DataParallel adds)"
            : prefix == "_orig_mod." ? " (which torch.compile adds)"
                                     : "");
    if (const std::string prefix = prefix_of(ours, theirs); !prefix.empty())
        return fmt::format(
            "its tensors are the model's but for the prefix \"{}\" that every name "
            "of the model's has; save them with it",
            prefix);
    return {};
}

}  // namespace spar::host
