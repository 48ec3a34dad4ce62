// State of components that must survive a restart: asked of each at a checkpoint, given back where
// a training goes on. See spar_component.save.
#pragma once

#include <map>
#include <span>
#include <string>

namespace spar::host {

class Instance;

/// A component that takes part in a training. `part` tells apart those that are built from one node
/// of the plan: "" for the training's own, "crafting" for its loss while it crafts.
struct Participant {
    std::string part;
    const Instance *instance;
};

/// Bytes by part and place in the plan: "/train/method/attack".
using ComponentStates = std::map<std::string, std::string>;

/// Of all participants and of everything inside them that keeps any.
ComponentStates saved_states(std::span<const Participant> participants);

/// Gives each its own back. Throws Failure, which names the component, where one is missing or left
/// over (Exit::changed), and where a component fails or reads less or more than it wrote.
void load_states(std::span<const Participant> participants, const ComponentStates &states);

}  // namespace spar::host
