// State of components that must survive a restart: collected at a checkpoint, given back when a
// training is resumed. See spar_component.save.
#pragma once

#include <map>
#include <span>
#include <string>

namespace spar::host {

class Instance;

/// What `save` of one component writes.
std::string saved_state(const Instance &instance);

/// Gives it back. Throws Failure naming the component if that fails, or reads less or more; the
/// message ends with `remedy`.
void load_state(const Instance &instance, const std::string &state, const std::string &remedy);

/// A component that takes part in a training. `part` distinguishes instances built from the same
/// node of the plan: "" for the training's own, "crafting" for its loss while it crafts.
struct Participant {
    std::string part;
    const Instance *instance;
};

/// Bytes by part and place in the plan: "/train/method/attack".
using ComponentStates = std::map<std::string, std::string>;

/// The states of all participants and of the components inside them.
ComponentStates saved_states(std::span<const Participant> participants);

/// Restores them. Throws Failure naming the component if a state is missing or left over
/// (Exit::changed), or if the component fails or reads less or more than it wrote.
void load_states(std::span<const Participant> participants, const ComponentStates &states);

}  // namespace spar::host
