// Whether a stopped run may be resumed: with the same pipeline, apart from what changes no number,
// and with the same data, weights, plugins, host and processor.
#pragma once

#include "base/json.hpp"

#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace spar::host {

class Data;
class Network;
class Registry;
struct PluginFile;
struct Plan;

/// The files whose components appear in a plan, or in a part of one.
std::set<const PluginFile *> plugins_of(const Json &plan, const Registry &registry);

/// Where two plans first differ in what determines numbers, and what both have there; empty if
/// nowhere. More epochs than before are no difference: the training continues to them.
std::string first_difference(const Json &there, const Json &here);

/// A hash of what determines the numbers of a training in a plan, except the epochs.
std::string fingerprint_of(const Json &plan);

/// What the numbers are made with: {"host", "host_sha256", "isa", "plugins": {name: sha256} without
/// reporters, "data": {file: sha256}, "weights_sha256"}. Hashes the files; throws Failure. Weights
/// that are no longer needed are not hashed: "left behind".
Json made_with(const Registry &registry, const Plan &plan, const Network &network,
               const std::vector<const Data *> &data, bool weights_left_behind = false);

/// Refuses, with Failure(Exit::data), weights in a run's folder that are not those recorded in its
/// results.json; a link counts as its target. Warns if that file is missing or damaged.
void require_as_its_run_left_it(const std::filesystem::path &weights, const std::string &sha256);

/// made_with() according to the provenance in results.json, as far as `now` names the same things.
Json made_with_of(const Json &provenance, const Json &now);

/// The differences, one sentence each: as recorded there, and as it is now.
std::vector<std::string> changes(const Json &there, const Json &here);

/// Throws Failure(Exit::changed) if there are any: `file` was made with something else.
void refuse_changes(const std::filesystem::path &file, const std::vector<std::string> &changes);

/// Warns about them if the run continues anyway; does nothing if there are none.
void warn_of_changes(const std::vector<std::string> &changes);

}  // namespace spar::host
