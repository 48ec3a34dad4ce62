// The names of Python's that may occur in a checkpoint, and what they mean here.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace spar::host {

enum class PickleName {
    storage,       /// a type of storages, which is no function
    plain,         /// a constant, or a class whose objects say nothing of tensors
    ordered_dict,  /// ()
    tensor,        /// (storage, offset, shape, strides, ...)
    parameter,     /// (tensor, ...)
    size,          /// (tuple,)
};

/// What a name means; nothing for one that is refused.
std::optional<PickleName> pickle_name(std::string_view name);

/// The type of a storage's numbers, as "F32"; empty if the name is none of a storage.
std::string storage_type(std::string_view name);

}  // namespace spar::host
