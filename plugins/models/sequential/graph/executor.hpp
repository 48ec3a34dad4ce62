// Runs a network over batches, split into micro-batches of one thread each, with gradients of
// parameters summed in a fixed order. The result depends on the batch alone, not on the threads.
#pragma once

#include "graph/graph.hpp"

#include <algorithm>
#include <array>
#include <type_traits>

namespace sequential {

/// Runs work(i) for i in [0, count) and waits; rethrows what the work threw.
class Parallel {
  public:
    using Work = void (*)(void *context, std::int64_t index);
    virtual ~Parallel() = default;
    virtual void run(std::int64_t count, Work work, void *context) const = 0;

    template <class Callable>
    void operator()(std::int64_t count, Callable &&callable) const {
        using Type = std::remove_reference_t<Callable>;
        run(
            count, [](void *c, std::int64_t i) { (*static_cast<Type *>(c))(i); },
            const_cast<void *>(static_cast<const void *>(&callable)));
    }
};

struct Wants {
    bool input = false, parameters = false;
    bool bf16 = false;                 /// the gradient of the input may be less exact
    bool stop_at_stage = false;        /// go back no further than the first stage's output
    bool keep_stage_gradient = false;  /// the gradient there, for the whole batch
    const SiteUse *sites = nullptr;    /// as Batch::sites
    bool at_sites = false;             /// gradients of sites
    std::size_t first_site = 0;        /// then the first operation that has one of these

    bool any() const { return input || parameters || at_sites; }
};

/// The fields and meaning of spar_pass, for inputs of values and vectors.
struct Pass {
    std::int64_t rows = 0;
    const float *x = nullptr;
    const float *mask = nullptr;
    const std::int64_t *ids = nullptr;
    std::uint64_t key = 0;
    bool training = false;
    int tape = 0;
    spar_head head = nullptr;
    void *head_context = nullptr;
    Wants wants{};
    float *outputs = nullptr;
    float *dx = nullptr;
    const spar_stage_steps *stage_steps = nullptr;
};

/// How many example rows each kind of work has processed.
struct Counters {
    std::atomic<std::int64_t> forward{0}, input_gradient{0}, parameter_gradient{0};
};

class Executor {
  public:
    static constexpr int tapes = 8;

    Executor(Graph &graph, const Parallel &parallel);
    ~Executor();

    /// To be called after parameters were written from outside.
    void parameters_changed() { stale_ = bf16_stale_ = true; }
    void pass(const Pass &pass);
    /// `cotangent` null: no gradient at the outputs.
    void backward(int tape, const float *cotangent, Wants wants, float *dx);
    const Counters &counters() const { return counters_; }

  private:
    struct Worker;
    class Lease;
    struct Tape {
        std::int64_t rows = 0;
        std::int64_t length = 0;  /// of the inputs along their first axis
        bool training = false;
        bool bf16 = false;
        bool followed = false;  /// uses the running statistics
        std::vector<std::unique_ptr<Frame>> frames;
        BatchSums sums;
    };

    /// Adds how far back the sites need to go.
    Wants with_sites(Wants wants) const;
    void refresh(bool bf16 = false);
    static bool in_bf16(const Pass &pass);
    Tape &tape(int slot);
    void start(Tape &tape, const Pass &pass) const;
    /// The division of a batch into micro-batches: some of full width, then smaller ones.
    struct Parts {
        std::int64_t rows, width, last_width, whole;

        std::int64_t count() const {
            const std::int64_t left = rows - whole * width;
            return whole + (left > 0 ? (left + last_width - 1) / last_width : 0);
        }
        std::int64_t first(std::int64_t i) const {
            return i < whole ? i * width : whole * width + (i - whole) * last_width;
        }
        std::int64_t size(std::int64_t i) const {
            return std::min(i < whole ? width : last_width, rows - first(i));
        }
    };
    Parts parts(std::int64_t rows, bool any_division) const;
    std::int64_t micro_batch_count(std::int64_t rows) const {
        return (rows + graph_.width - 1) / graph_.width;
    }
    std::int64_t lane_count(std::int64_t micro_batches) const;

    /// Operations [first, last).
    struct Stretch {
        std::size_t first, last;
    };
    /// The common part of a run and a stretch.
    static Stretch common(const Run &run, Stretch stretch) {
        const std::size_t first = std::max(run.begin, stretch.first);
        return {first, std::max(first, std::min(run.end, stretch.last))};
    }
    Stretch whole() const { return {0, graph_.operations.size()}; }
    /// Operations up to the first stage's end.
    Stretch stage() const { return {0, graph_.stage_operations}; }
    Stretch after_stage() const { return {graph_.stage_operations, graph_.operations.size()}; }
    /// Operations whose parameters' gradients a pass computes, if it wants any.
    Stretch learning(Wants wants) const {
        return wants.stop_at_stage && wants.keep_stage_gradient ? after_stage() : whole();
    }

    template <class Work>
    void for_weight_parts(Stretch stretch, Work work);

    /// Runs body(batch) on every micro-batch. Adds the gradients that it computes for the wanted
    /// parameters to those of the network at the end.
    template <class Body>
    void for_micro_batches(std::int64_t rows, Tape *tape, Wants wants, Body body);
    /// The same without that last step: leaves the gradients of the stretch's parameters in the
    /// lanes.
    template <class Body>
    void for_lanes(std::int64_t rows, Tape *tape, bool parameters, Stretch stretch, Body body);
    /// Adds the lanes' gradients for the stretch to those of the network.
    void add_up(std::int64_t rows, Stretch stretch);
    /// Runs one of all parts of Operation::sum_part.
    void sum_part(std::int64_t part, Stretch stretch) const;

    void load(Batch &batch, const float *x) const;
    void set_pass(Batch &batch, const Pass &pass) const;
    void forward(Batch &batch, Stretch stretch);
    /// From the outputs to the gradient there, as far as the pass wants either.
    void call_head(Batch &batch, const Pass &pass, bool back) const;
    void write_gradient(const Batch &batch, const float *cotangent) const;
    Wants wanted(std::size_t operation, Wants wants) const;
    /// From the last operation of the stretch backwards, as far as wanted.
    void backward(Batch &batch, Stretch stretch, Wants wants);
    void store_input_gradient(const Batch &batch, float *dx) const;

    // For batches with coupled examples.
    bool couples(bool training) const { return training && !coupled_.empty(); }
    void pass_coupled(const Pass &pass, Tape &tape, Wants wants);
    void backward_coupled(Tape &tape, Wants wants, float *dx);
    void enter(Batch &batch, const Tape &tape);
    void add_up(const Coupled &operation, const Tape &tape, std::vector<double> &totals) const;
    void follow(Tape &tape);

    const FusedStage *fused_stage() const;
    /// Adds what the steps of a pass require; makes room for the kept gradient.
    Wants with_steps(Wants wants, const Pass &pass);
    /// p of a row in the kept gradient.
    float *stage_gradient(std::int64_t row) {
        return stage_gradients_.data() + row * graph_.stage_size;
    }
    /// After a pass that has kept p.
    void take_steps(const Pass &pass, Wants wants);
    void take_steps(Batch &batch, const Pass &pass, Wants wants);
    void take_fused_steps(const FusedStage &stage, Batch &batch, const float *p,
                          const spar_stage_steps &steps) const;

    Graph &graph_;
    const Parallel &parallel_;
    Counters counters_;
    bool stale_ = false, bf16_stale_ = true;                 // packed weights
    std::size_t first_parameters_;                           // the operation they belong to
    std::vector<std::size_t> coupled_;                       // operations
    Tape untaped_;                                           // for coupled passes without a tape
    std::vector<std::unique_ptr<Workspace>> coupled_works_;  // per micro-batch
    std::array<Tape, tapes> tapes_;
    std::vector<std::unique_ptr<ParameterGradients>> lanes_;
    std::unique_ptr<Worker[]> workers_;
    std::vector<float> stage_gradients_;  // p of a batch, if a pass keeps it
};

}  // namespace sequential
