// Which dataset a file or folder is, by its look.
#pragma once

#include "base/json.hpp"

#include <filesystem>
#include <string>

namespace spar::host {

/// The node of a dataset for what was given as --data: an .npz, the IDX file of images beside that
/// of their labels, a binary file of CIFAR's, a folder of such files, of which the test set is
/// taken, or a dataset by name with its parameters (digits:examples=100). Throws Failure:
/// Exit::data for a file that is none of these, Exit::usage for a text that names none.
Json dataset_by_look(const std::string &text);

}  // namespace spar::host
