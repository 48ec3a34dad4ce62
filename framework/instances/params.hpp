// The host's side of spar_params: one node of the plan, as a component sees it.
#pragma once

#include <spar/abi.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace spar::host {
using ChildBuilder = std::function<spar_component_ref(spar_kind, const nlohmann::ordered_json &,
                                                      const std::string &)>;
/// Absolute path of a file named at a JSON pointer of the plan.
using PathResolver =
    std::function<std::string(const std::string &pointer, const std::string &text)>;

/// Fills the slots of a host table that read parameters.
void install_param_getters(spar_host &host);
}  // namespace spar::host

/// The object behind a plugin's spar_params pointer. `pointer` is the node's place in the plan.
struct spar_params {
    const nlohmann::ordered_json *node;
    std::string pointer;
    std::uint64_t key = 0;
    spar::host::ChildBuilder child{};
    spar::host::PathResolver path{};
    mutable std::deque<std::string> texts{};  // backs what get_path returns
};
