// @ts-check
/** The ipycanvas layers that are drawn from Python, where there are any. */

/**
 * @param {any} model the labelling widget's
 * @param {() => void} redraw called when a layer has a new frame
 * @param {() => void} refresh called when other layers are to be seen
 */
export function connectLayers(model, redraw, refresh) {
    /** @type {any} */
    let layer = null;
    /** @type {any[]} */
    let canvases = [];

    async function connect() {
        const reference = model.get("layers");
        if (!reference) return;
        layer = await model.widget_manager.get_model(reference.replace("IPY_MODEL_", ""));
        // A MultiCanvas draws its canvases together but does not say so: they do, one by one.
        canvases = layer.get("_canvases") ?? [layer];
        for (const canvas of canvases) canvas.on("new-frame", redraw);
        refresh();
    }

    model.on("change:layer_of", refresh);
    connect();
    return {
        /**
         * The layers, where they belong to the image on screen.
         *
         * @param {{ id: string } | null} item
         * @param {boolean} showsHeat
         * @returns {HTMLCanvasElement | null}
         */
        visible(item, showsHeat) {
            const of = model.get("layer_of");
            if (!layer || !item) return null;
            return of === "" || (of === item.id && showsHeat) ? layer.canvas : null;
        },
        disconnect() {
            model.off("change:layer_of", refresh);
            for (const canvas of canvases) canvas.off("new-frame", redraw);
        },
    };
}
