#include "graph/lanes.hpp"

#include <cstring>

namespace sequential {

Executor::Executor(Graph &graph, const Parallel &parallel)
    : graph_(graph),
      parallel_(parallel),
      first_parameters_(graph.operations.size()),
      workers_(std::make_unique<Worker[]>(most_workers)) {
    for (std::size_t i = graph.operations.size(); i-- > 0;)
        if (graph.operations[i]->has_parameters()) first_parameters_ = i;
    for (std::size_t i = 0; i < graph.operations.size(); ++i)
        if (graph.operations[i]->coupled() != nullptr) coupled_.push_back(i);
}

Executor::~Executor() = default;

template <class Work>
void Executor::for_weight_parts(Stretch stretch, Work work) {
    std::int64_t parts = 0;
    for (std::size_t i = stretch.first; i < stretch.last; ++i)
        parts += graph_.operations[i]->weight_parts();
    parallel_(parts, [&](std::int64_t part) {
        std::size_t i = stretch.first;
        for (; part >= graph_.operations[i]->weight_parts(); ++i)
            part -= graph_.operations[i]->weight_parts();
        work(*graph_.operations[i], part);
    });
}

Wants Executor::with_sites(Wants wants) const {
    for (std::size_t i = 0; wants.sites != nullptr && i < graph_.sites.size(); ++i) {
        if (wants.sites[i].gradient == nullptr) continue;
        const auto is_it = [&](const auto &o) { return o.get() == graph_.sites[i].owner; };
        const auto place = static_cast<std::size_t>(std::ranges::find_if(graph_.operations, is_it) -
                                                    graph_.operations.begin());
        wants.first_site = wants.at_sites ? std::min(wants.first_site, place) : place;
        wants.at_sites = true;
    }
    return wants;
}

void Executor::refresh(bool bf16) {
    if (stale_)
        for_weight_parts(
            whole(), [](Operation &operation, std::int64_t part) { operation.pack_part(part); });
    stale_ = false;
    if (!bf16 || !bf16_stale_) return;
    parallel_(std::ssize(graph_.operations),
              [&](std::int64_t i) { graph_.operations[static_cast<std::size_t>(i)]->pack_bf16(); });
    bf16_stale_ = false;
}

// Only the gradient of the input is wanted, and nothing is kept.
bool Executor::in_bf16(const Pass &pass) {
    return pass.wants.bf16 && pass.wants.any() && !pass.wants.parameters && pass.head != nullptr &&
           pass.tape == 0 && conv_bf16() != nullptr;
}

Executor::Tape &Executor::tape(int slot) {
    if (slot < 1 || slot > tapes)
        throw spar::Error(SPAR_E_CONTRACT, "there is no tape " + std::to_string(slot));
    return tapes_[static_cast<std::size_t>(slot - 1)];
}

// Used if results do not depend on the division: ends with halves, so that the others wait less for
// a thread that was held up.
Executor::Parts Executor::parts(std::int64_t rows, bool any_division) const {
    const std::int64_t width = graph_.width;
    if (!any_division) return {rows, width, width, micro_batch_count(rows)};
    const std::int64_t half = std::max<std::int64_t>(1, width / 2);
    const std::int64_t whole = std::max<std::int64_t>(0, (rows - 4 * half + width - 1) / width);
    return {rows, width, half, whole};
}

// At most eight sums of gradients: enough for eight threads, and little memory.
std::int64_t Executor::lane_count(std::int64_t micro_batches) const {
    return std::min<std::int64_t>(micro_batches, 8);
}

void Executor::add_up(std::int64_t rows, Stretch stretch) {
    const std::int64_t lanes = lane_count(micro_batch_count(rows));
    if (lanes == 0) return;
    constexpr std::int64_t chunk = 1 << 15;
    const std::int64_t first = lanes_[0]->begin_of(stretch.first);
    const std::int64_t last = lanes_[0]->begin_of(stretch.last);
    const std::int64_t chunks = (last - first + chunk - 1) / chunk;
    std::int64_t parts = chunks;
    for (std::size_t i = stretch.first; i < stretch.last; ++i)
        parts += graph_.operations[i]->sum_parts();
    parallel_(parts, [&](std::int64_t i) {
        if (i >= chunks) return sum_part(i - chunks, stretch);
        const std::int64_t begin = first + i * chunk, count = std::min(chunk, last - begin);
        for (std::int64_t lane = 1; lane < lanes; ++lane)
            kernels().add(lanes_[static_cast<std::size_t>(lane)]->data() + begin,
                          lanes_[0]->data() + begin, count);
    });
    for_weight_parts(stretch, [&](Operation &operation, std::int64_t part) {
        operation.deposit_part(*lanes_[0], part);
    });
}

void Executor::sum_part(std::int64_t part, Stretch stretch) const {
    for (std::size_t i = stretch.first; i < stretch.last; ++i) {
        const Operation &operation = *graph_.operations[i];
        if (part < operation.sum_parts()) return operation.sum_part(part);
        part -= operation.sum_parts();
    }
}

void Executor::load(Batch &batch, const float *x) const {
    const std::int64_t size = graph_.value(0).size();
    std::copy_n(x + batch.first * size, batch.rows * size, batch.frame->data(0));
}

void Executor::set_pass(Batch &batch, const Pass &pass) const {
    batch.training = batch.drops = pass.training;
    batch.bf16 = in_bf16(pass);
    batch.key = pass.key;
    batch.ids = pass.ids != nullptr ? pass.ids + batch.first : nullptr;
    batch.mask =
        pass.mask != nullptr ? pass.mask + batch.first * graph_.value(0).shape[0] : nullptr;
    batch.length = graph_.value(0).shape[0];
    batch.sites = pass.wants.sites;
}

void Executor::forward(Batch &batch, Stretch stretch) {
    for (const Run &run : graph_.runs) {
        const Stretch part = common(run, stretch);
        for_examples(batch, run.by_example, [&] {
            for (std::size_t i = part.first; i < part.last; ++i)
                graph_.operations[i]->forward(batch);
        });
    }
    if (batch.counted && stretch.last == graph_.operations.size()) counters_.forward += batch.rows;
}

void Executor::call_head(Batch &batch, const Pass &pass, bool back) const {
    const std::int64_t outputs = graph_.value(graph_.output).size();
    const float *values = batch.frame->data(graph_.output);
    if (pass.outputs != nullptr)
        std::copy_n(values, batch.rows * outputs, pass.outputs + batch.first * outputs);
    if (pass.head == nullptr) return;
    float *gradient = back ? batch.work->gradient(graph_.output) : nullptr;
    spar::checked([&](spar_error *error) {
        return pass.head(pass.head_context, batch.first, batch.rows, values, gradient, error);
    });
}

void Executor::write_gradient(const Batch &batch, const float *cotangent) const {
    const std::int64_t outputs = graph_.value(graph_.output).size();
    float *gradient = batch.work->gradient(graph_.output);
    if (cotangent == nullptr)
        std::fill_n(gradient, batch.rows * outputs, 0.0F);
    else
        std::copy_n(cotangent + batch.first * outputs, batch.rows * outputs, gradient);
}

Wants Executor::wanted(std::size_t operation, Wants wants) const {
    const bool in_stage = operation < graph_.stage_operations;
    if (in_stage && wants.stop_at_stage) return {};
    return {.input = wants.input ||
                     (!in_stage && (wants.stop_at_stage || wants.keep_stage_gradient)) ||
                     (wants.parameters && operation > first_parameters_) ||
                     (wants.at_sites && operation >= wants.first_site),
            .parameters = wants.parameters && graph_.operations[operation]->has_parameters()};
}

void Executor::backward(Batch &batch, Stretch stretch, Wants wants) {
    batch.sites = wants.sites;
    const auto keep = [&](std::size_t reached) {
        if (wants.keep_stage_gradient && reached == graph_.stage_operations)
            std::copy_n(batch.work->gradient(graph_.stage_end), batch.rows * graph_.stage_size,
                        stage_gradient(batch.first));
    };
    if (stretch.last == graph_.operations.size()) keep(stretch.last);
    for (std::size_t r = graph_.runs.size(); r-- > 0;) {
        const Run &run = graph_.runs[r];
        const Stretch part = common(run, stretch);
        if (part.first == part.last) continue;
        // Between two coupling points of a batch, the gradients of all examples must be available.
        const bool one_by_one =
            batch.sums == nullptr && (wants.parameters ? run.learns_by_example : run.by_example);
        for_examples(batch, one_by_one, [&] {
            for (std::size_t i = part.last; i-- > part.first;) {
                const Wants here = wanted(i, wants);
                if (here.input || here.parameters)
                    graph_.operations[i]->backward(batch, here.input, here.parameters);
            }
        });
        keep(part.first);
    }
    if (!batch.counted || stretch.last < graph_.operations.size()) return;
    if (wants.input || wants.at_sites) counters_.input_gradient += batch.rows;
    if (wants.parameters && first_parameters_ < graph_.operations.size())
        counters_.parameter_gradient += batch.rows;
}

void Executor::store_input_gradient(const Batch &batch, float *dx) const {
    const std::int64_t size = graph_.value(0).size();
    std::copy_n(batch.work->gradient(0), batch.rows * size, dx + batch.first * size);
}

void Executor::start(Tape &tape, const Pass &pass) const {
    tape.rows = pass.rows;
    tape.training = pass.training;
    tape.bf16 = in_bf16(pass);
    tape.length = graph_.value(0).shape[0];
    tape.followed = false;
    const auto needed = static_cast<std::size_t>(micro_batch_count(pass.rows));
    if (tape.frames.size() < needed) tape.frames.resize(needed);
}

void Executor::pass(const Pass &pass) {
    refresh(in_bf16(pass));
    Tape *tape = pass.tape != 0 ? &this->tape(pass.tape) : nullptr;
    if (tape != nullptr) start(*tape, pass);
    const Wants wants = with_steps(pass.head != nullptr ? with_sites(pass.wants) : Wants{}, pass);
    if (couples(pass.training)) {
        if (tape == nullptr) start(untaped_, pass);
        pass_coupled(pass, tape != nullptr ? *tape : untaped_, wants);
        if (wants.keep_stage_gradient) take_steps(pass, wants);
        return;
    }
    const bool back = wants.any();
    for_micro_batches(pass.rows, tape, wants, [&](Batch &batch) {
        set_pass(batch, pass);
        load(batch, pass.x);
        forward(batch, whole());
        call_head(batch, pass, back);
        if (!back) return;
        backward(batch, whole(), wants);
        if (wants.input && !wants.stop_at_stage && pass.dx != nullptr)
            store_input_gradient(batch, pass.dx);
        if (wants.stop_at_stage && !wants.keep_stage_gradient)
            take_fused_steps(*fused_stage(), batch, batch.gradient(graph_.stage_end, 0),
                             *pass.stage_steps);
    });
    if (wants.keep_stage_gradient) take_steps(pass, wants);
}

void Executor::backward(int slot, const float *cotangent, Wants wants, float *dx) {
    refresh();
    wants = with_sites(wants);
    Tape &tape = this->tape(slot);
    if (tape.rows == 0)
        throw spar::Error(SPAR_E_CONTRACT, "nothing was recorded on tape " + std::to_string(slot));
    graph_.set_length(tape.length);
    if (couples(tape.training)) {
        for_micro_batches(tape.rows, &tape, {}, [&](Batch &batch) {
            enter(batch, tape);
            write_gradient(batch, cotangent);
        });
        return backward_coupled(tape, wants, dx);
    }
    for_micro_batches(tape.rows, &tape, wants, [&](Batch &batch) {
        batch.training = tape.training;
        write_gradient(batch, cotangent);
        backward(batch, whole(), wants);
        if (wants.input && dx != nullptr) store_input_gradient(batch, dx);
    });
}

}  // namespace sequential
