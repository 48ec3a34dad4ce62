// A network ready to run: values (activations and their gradients), the operations between them in
// order, and their places in memory. Everything is planned for micro-batches of a fixed width, so
// that an example's numbers never depend on how many examples accompany it.
#pragma once

#include "graph/operation.hpp"

namespace sequential {

/// Operations [begin, end), run example by example or on the whole micro-batch.
struct Run {
    std::size_t begin, end;
    bool by_example, learns_by_example;
};

/// Values that a caller can read, add to, and take or give gradients of; see spar/abi/site.h.
struct Site {
    std::string name;
    spar_site_kind kind;
    const Operation *owner = nullptr;  /// does what a pass asks there
    std::int64_t room = 0;             /// values of an example at the greatest length
};

/// What a graph was built of, for whoever looks at it; see spar_layer in spar/abi/model.h.
struct LayerNote {
    std::string name, type;
    Shape shape;
    std::int64_t parameters = 0, multiply_adds = 0;
};

class Graph {
  public:
    Graph(std::int64_t width, const Shape &input);

    // Building. Values are named by their index, the input is 0.
    /// In blocks of channels if `image` is [channels, height, width], otherwise plain.
    int add_value(Shape shape, Shape image = {});
    /// The same numbers in the same memory, in forward and backward pass, with another shape.
    int add_view(int of, Shape shape);
    /// Of the same shape, in the memory of another value where nobody needs that again. The
    /// gradient of that one is its own.
    int add_over(int of);
    /// Reserves bytes in every frame.
    std::size_t reserve(std::size_t bytes) { return frame_layout_.take(bytes); }
    void reserve_scratch(std::size_t bytes);
    int add_gradient_slot(std::int64_t floats);
    void reserve_sums(Coupled &operation, std::size_t count);
    /// A site of the operation that is added next.
    int add_site(std::string name, spar_site_kind kind);
    void add(std::unique_ptr<Operation> operation);
    /// The operation that produces a value; null: a view or the input.
    const Operation *maker(int id) const;
    /// Completes the graph: plans the memory.
    void finish(int output);
    /// Whether inputs [length, dim] may be shorter than what the graph was built for.
    bool takes_lengths() const { return takes_lengths_; }
    /// Lets inputs have this length from now on, if they may.
    void set_length(std::int64_t length);

    const Value &value(int id) const { return values_[static_cast<std::size_t>(id)]; }
    Value &value(int id) { return values_[static_cast<std::size_t>(id)]; }

    std::int64_t width;
    ParameterList parameters;
    std::vector<std::unique_ptr<Operation>> operations;
    std::vector<Site> sites;
    std::vector<LayerNote> notes;
    int output = 0;
    int stage_end = 0;                   /// value at the end of the first stage
    std::int64_t stage_size = 0;         /// floats of an example's gradient there
    std::size_t stage_operations = 0;    /// operations up to there
    std::int64_t stage_parameters = 0;   /// parameters up to there
    std::int64_t lookup_parameters = 0;  /// of an embedding, the first ones: they precede the graph
    std::vector<Run> runs;               /// all operations in order; a stage ends where a run ends

    const std::vector<Value> &values() const { return values_; }
    /// Floats of each gradient slot.
    const std::vector<std::int64_t> &slots() const { return slots_; }
    /// Number of slots up to the end of each operation.
    const std::vector<std::size_t> &slot_ends() const { return slot_ends_; }
    /// For all operations that couple examples; 0: there are none.
    std::size_t sums() const { return sums_; }
    const std::vector<Strides> &value_strides() const { return value_strides_; }
    const std::vector<Strides> &gradient_strides() const { return gradient_strides_; }
    std::size_t frame_bytes() const { return frame_layout_.size(); }
    std::size_t workspace_bytes() const { return workspace_bytes_; }
    std::size_t scratch_bytes() const { return scratch_bytes_; }

  private:
    void split_shared_values();
    void split(int id);
    void insert(std::size_t place, std::unique_ptr<Operation> operation);
    bool is_view_of(int id, int other) const;
    bool is_read(int id) const;
    std::vector<int> views_of(int id) const;
    void resolve_sharing();
    int owner(int id, int Value::*shares) const;
    void plan_values();
    void plan_runs();
    bool stays_inside(int Value::*place, int owner) const;
    bool unread(int storage) const;
    void plan_gradients();
    void set_strides();
    bool resize(std::int64_t length);

    std::vector<Value> values_;
    std::vector<Strides> value_strides_, gradient_strides_;
    bool takes_lengths_ = false;
    std::vector<std::int64_t> slots_;
    std::vector<std::size_t> slot_ends_;
    std::size_t sums_ = 0;
    Layout frame_layout_;
    std::size_t scratch_bytes_ = 64, workspace_bytes_ = 0;
};

}  // namespace sequential
