#include "engine/training_rehearsal.hpp"

#include "engine/crafting.hpp"
#include "engine/fitting.hpp"
#include "engine/session.hpp"

namespace spar::host {

void rehearse_training(const Plan &plan, const Builder &builder, const StandInExamples &like) {
    const TrainPlan &train = *plan.train;
    const auto make = [&](spar_kind kind, const Node &node) {
        return builder.build(kind, *node.json, node.pointer);
    };
    const Data data(stand_in_dataset(builder, like));
    Network network(stand_in_model(builder), data);
    const auto loss = make(SPAR_KIND_LOSS, train.loss);
    const auto method = make(SPAR_KIND_METHOD, train.method);
    for (const Instance *part : {loss.get(), method.get()})
        rehearse_losses(*part, data, network.outputs());
    Optimization optimization(make(SPAR_KIND_OPTIMIZER, train.optimizer), network,
                              {train.clip_norm, train.clip_value}, train.averaging);
    std::optional<spar_threat> threat;
    if (plan.threat) {
        threat = threat_for(*plan.threat, data, network.outputs());
        threat->targeted = 0;  // training is untargeted
        if (threat->site != nullptr) threat->site = SPAR_SITES_ALL_LOGITS;  // the stand-in's
        threat->query_budget = 4;  // an attack's first queries show whether it can query
    }
    const bool parameter = plan.threat && plan.threat->space == SPAR_SPACE_PARAMETER;
    TrainingSession session(network, optimization, builder, *method, loss->ref(), threat,
                            parameter ? stand_in_parameter : "");
    session.pretrained = !plan.weights.empty();
    const auto crafting = crafting_loss(builder, plan, *loss, data.classes());
    if (crafting) session.crafting_loss = &crafting->ref();
    Batch batch;
    data.read(index_range(0, std::min(train.batch_size, data.size())), batch);
    if (plan.data.unlabelled) {
        Batch more;
        data.read(index_range(0, 1), more);
        append_unlabelled(batch, more, data.size());
    }
    session.run(batch, {.epoch = 0,
                        .epochs = train.epochs,
                        .step = 0,
                        .steps = train.epochs,
                        .batch_size = batch.count,
                        .rate_factor = 1});
}

}  // namespace spar::host
