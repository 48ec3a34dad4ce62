// The values in a pickle of Python's, read without running anything that it asks for.
//
// A pickle is a program: it may name any function of Python and have it called. This reader knows
// the few that state dicts need (tensors, parameters, storages, ordered dicts), answers them with
// plain values, and refuses every other by its name as soon as it is named.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace spar::host {

/// A tensor as a checkpoint describes it: where its numbers lie in a storage, which is a member of
/// the archive. Not verified.
struct StoredTensor {
    std::string storage, type;   // the storage's key, "F32"
    std::int64_t available = 0;  // numbers in the storage
    std::int64_t offset = 0;     // of the first one
    std::vector<std::int64_t> shape, strides;
};

struct PickleValue {
    enum class Kind : std::uint8_t {
        none,
        truth,
        integer,
        text,
        tuple,
        list,
        dict,     /// `items`: keys and values in turn
        name,     /// a name of Python's that may occur
        storage,  /// `items`: its type, its key, its place, the count of its numbers
        tensor,   /// `tensor`
        other     /// fractions, bytes and what else says nothing of tensors
    };
    Kind kind = Kind::other;
    std::int64_t integer = 0;
    std::string_view text = {};  /// of a text, or of a name: "torch.FloatStorage"
    std::vector<PickleValue *> items = {};
    const StoredTensor *tensor = nullptr;
};

/// The value of a pickle.
class Pickle {
  public:
    /// Throws what `refuse` makes of a fault, which says where in the pickle it is. Sizes, counts
    /// and nesting are bounded.
    using Refuse = std::function<void(const std::string &what)>;
    /// `bytes` must live as long as this object.
    Pickle(std::string_view bytes, const Refuse &refuse);

    const PickleValue &value() const { return *root_; }

    /// The value of a dict's key; null if it has none. The last one counts, as in Python.
    static const PickleValue *member(const PickleValue &dict, std::string_view key);

  private:
    friend class PickleMachine;
    std::deque<PickleValue> values_;  // by whose addresses they refer to each other
    std::deque<StoredTensor> tensors_;
    std::deque<std::string> names_;
    const PickleValue *root_ = nullptr;
};

}  // namespace spar::host
