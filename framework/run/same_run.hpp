// Whether a run that was stopped may go on: with the same pipeline but for what changes no number,
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

/// The files whose components stand in a plan, or in a part of one.
std::set<const PluginFile *> plugins_of(const Json &plan, const Registry &registry);

/// Where two plans first differ in what decides numbers, and what both have there; empty where they
/// do not. More epochs than before are no difference: the training goes on to them.
std::string first_difference(const Json &there, const Json &here);

/// A hash of what in a plan decides the numbers of a training, its epochs left out.
std::string fingerprint_of(const Json &plan);

/// With what numbers are made: {"host", "host_sha256", "isa", "plugins": {name: sha256} without
/// reporters, "data": {file: sha256}, "weights_sha256"}. Hashes the files; throws Failure. Weights
/// that were left behind are not looked at: "left behind".
Json made_with(const Registry &registry, const Plan &plan, const Network &network,
               const std::vector<const Data *> &data, bool weights_left_behind = false);

/// Refuses, with Failure(Exit::data), weights that lie in a run's folder and are not those that its
/// results.json vouches for; a link counts as what it leads to. Warns where there is none, or a
/// damaged one.
void require_as_its_run_left_it(const std::filesystem::path &weights, const std::string &sha256);

/// made_with() as the provenance of results.json tells it, as far as `now` names the same things.
Json made_with_of(const Json &provenance, const Json &now);

/// What of it is another, one sentence each: there as recorded, here as it is now.
std::vector<std::string> changes(const Json &there, const Json &here);

/// Throws Failure(Exit::changed) where there are any: `file` was made with something else.
void refuse_changes(const std::filesystem::path &file, const std::vector<std::string> &changes);

/// Tells of them where the run goes on all the same; nothing where there are none.
void warn_of_changes(const std::vector<std::string> &changes);

}  // namespace spar::host
